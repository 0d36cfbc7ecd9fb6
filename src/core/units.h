// Units as types, and their text form: the one the configuration files and the messages use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace holdfast {

// A size in bytes. Written `512B`, `64KiB`, `1MiB`, `2GiB`.
struct ByteCount {
  std::uint64_t bytes = 0;
  friend constexpr auto operator<=>(ByteCount, ByteCount) = default;
};

// A rate in events per second, kept in milli-events so that fractions stay exact. Written `50/s`, `0.5/s`.
struct Rate {
  std::uint64_t per_1000_seconds = 0;
  friend constexpr auto operator<=>(Rate, Rate) = default;
};

// A share in parts per million. Written `1%`, `0.01%`, `100%`.
struct Share {
  std::uint32_t per_million = 0;
  friend constexpr auto operator<=>(Share, Share) = default;
};

namespace literals {
constexpr ByteCount operator""_B(unsigned long long n) { return {n}; }
constexpr ByteCount operator""_KiB(unsigned long long n) { return {n << 10U}; }
constexpr ByteCount operator""_MiB(unsigned long long n) { return {n << 20U}; }
constexpr ByteCount operator""_GiB(unsigned long long n) { return {n << 30U}; }
}  // namespace literals

// Each takes the whole text or nothing. Durations are those of Gateway API GEP-2257: `^([0-9]{1,5}(h|m|s|ms)){1,4}$`.
std::optional<Duration> parse_duration(std::string_view text) noexcept;
std::optional<ByteCount> parse_byte_count(std::string_view text) noexcept;
std::optional<Rate> parse_rate(std::string_view text) noexcept;
std::optional<Share> parse_share(std::string_view text) noexcept;
std::optional<std::uint64_t> parse_count(std::string_view text) noexcept;  // decimal digits only

std::string to_text(Duration duration);  // `1m30s`; whole milliseconds
std::string to_text(ByteCount size);     // in the largest unit that divides it
std::string to_text(Rate rate);
std::string to_text(Share share);

}  // namespace holdfast
