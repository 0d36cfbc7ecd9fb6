// digits: decimal numbers as text, two digits at a time; most numbers that are written have fewer than five.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace holdfast {

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

// `n` of five digits or more. A call of its own: its array would cost every other number a stack protector.
[[gnu::noinline]] inline char* write_many_digits(char* out, std::uint64_t n) noexcept {
  std::array<char, 20> digits{};
  std::size_t at = digits.size();
  for (; n >= 10; n /= 100) write_pair(&digits[at -= 2], static_cast<std::uint32_t>(n % 100));
  if (n != 0) write_digit(&digits[--at], static_cast<std::uint32_t>(n));
  std::memcpy(out, &digits[at], digits.size() - at);
  return out + (digits.size() - at);
}

// Writes `n` in decimal at `out` (room for 20 characters); returns the end.
inline char* write_decimal(char* out, std::uint64_t n) noexcept {
  if (n >= 10'000) return write_many_digits(out, n);
  const auto small = static_cast<std::uint32_t>(n);
  if (small < 10) return write_digit(out, small);
  if (small < 100) return write_pair(out, small);
  out = small < 1000 ? write_digit(out, small / 100) : write_pair(out, small / 100);
  return write_pair(out, small % 100);
}

}  // namespace holdfast
