// date: wall time as text, for Date (RFC 9110 5.6.7) and log lines (RFC 3339).
//
// A second's text is made once and kept; what changes in between are the microseconds. One per worker.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/clock.h"

namespace holdfast::http {

class DateText {
 public:
  // `Sun, 06 Nov 1994 08:49:37 GMT`. Valid until the next call.
  std::string_view http_date(WallTime now) noexcept;
  // `1994-11-06T08:49:37.000123Z`. Valid until the next call.
  std::string_view timestamp(WallTime now) noexcept;

 private:
  void update(std::int64_t second) noexcept;

  std::int64_t second_ = INT64_MIN;
  std::array<char, 29> http_date_{};
  std::array<char, 27> timestamp_{};
};

}  // namespace holdfast::http
