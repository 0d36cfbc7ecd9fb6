// TimeText: wall time as RFC 3339 with microseconds in UTC, `2026-11-22T05:56:03.123456Z`, always 27 characters.
//
// Keeps the text of the last second, so that a line costs six digits. Not thread-safe; safe to use in a signal handler.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "core/clock.h"
#include "core/digits.h"

namespace holdfast::telemetry {

class TimeText {
 public:
  static constexpr std::size_t size = 27;

  // Valid until the next call. Times before 1970 are shown as 1970.
  std::string_view of(WallTime time) noexcept {
    const std::int64_t ns = std::max<std::int64_t>(0, time.time_since_epoch().count());
    if (ns < second_begin_ || ns >= second_begin_ + 1'000'000'000) start_second(ns);
    const auto micros = static_cast<std::uint32_t>((ns - second_begin_) / 1000);
    char* out = write_pair(text_.data() + 20, micros / 10'000);
    out = write_pair(out, micros / 100 % 100);
    write_pair(out, micros % 100);
    return {text_.data(), size};
  }

 private:
  void start_second(std::int64_t ns) noexcept;

  std::int64_t second_begin_ = INT64_MAX - 1'000'000'000;  // nanoseconds since 1970; no time yet
  std::array<char, size> text_{};
};

}  // namespace holdfast::telemetry
