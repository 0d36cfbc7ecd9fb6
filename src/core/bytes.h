// Small, allocation-free work on bytes of ASCII text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/digits.h"

namespace holdfast {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// ASCII case-insensitive; `lowered` must be lower case.
constexpr bool equals_lower(std::string_view text, std::string_view lowered) noexcept {
  if (text.size() != lowered.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lowered[i]) return false;
  }
  return true;
}

// Value of a hexadecimal digit, or -1.
constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

inline constexpr char hex_digits[] = "0123456789abcdef";

// Writes `n` in lower-case hexadecimal without leading zeros (room for 16); returns the end.
inline char* write_hex(char* out, std::uint64_t n) noexcept {
  char digits[16];
  char* p = digits + sizeof digits;
  do {
    *--p = hex_digits[n & 15U];
    n >>= 4U;
  } while (n != 0);
  const auto size = static_cast<std::size_t>(digits + sizeof digits - p);
  std::memcpy(out, p, size);
  return out + size;
}

inline char* write_text(char* out, std::string_view text) noexcept {
  if (text.empty()) return out;  // its data may be null
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace holdfast
