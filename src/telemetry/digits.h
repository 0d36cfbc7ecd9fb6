// digits: short decimal numbers without division loops; most numbers of an access line are short.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "core/bytes.h"

namespace holdfast::telemetry {

// "00" to "99".
inline constexpr auto digit_pairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t n = 0; n < 100; ++n) {
    pairs[2 * n] = static_cast<char>('0' + n / 10);
    pairs[2 * n + 1] = static_cast<char>('0' + n % 10);
  }
  return pairs;
}();

// Each returns the end. `digit` < 10, `n` < 100.
inline char* write_digit(char* out, std::uint32_t digit) noexcept {
  *out = static_cast<char>('0' + digit);
  return out + 1;
}
inline char* write_pair(char* out, std::uint32_t n) noexcept {
  std::memcpy(out, digit_pairs.data() + std::size_t{2} * n, 2);
  return out + 2;
}
inline char* write_number(char* out, std::uint64_t n) noexcept {
  if (n >= 10'000) return write_decimal(out, n);
  const auto small = static_cast<std::uint32_t>(n);
  if (small < 10) return write_digit(out, small);
  if (small < 100) return write_pair(out, small);
  out = small < 1000 ? write_digit(out, small / 100) : write_pair(out, small / 100);
  return write_pair(out, small % 100);
}

}  // namespace holdfast::telemetry
