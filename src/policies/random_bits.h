// random_bits: identifiers that do not repeat, from a generator seeded once by the kernel (xoroshiro128++, Blackman and
// Vigna).
//
// Not for secrets. One per worker; no system call, no lock.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "core/bytes.h"

namespace holdfast::policies {

class RandomBits {
 public:
  RandomBits(std::uint64_t seed_hi, std::uint64_t seed_lo) noexcept
      : a_(seed_hi), b_(seed_lo | 1U) {}  // never all zero

  std::uint64_t next() noexcept {
    const std::uint64_t result = std::rotl(a_ + b_, 17) + a_;
    b_ ^= a_;
    a_ = std::rotl(a_, 49) ^ b_ ^ (b_ << 21U);
    b_ = std::rotl(b_, 28);
    return result;
  }

 private:
  std::uint64_t a_;
  std::uint64_t b_;
};

inline constexpr auto hex_pairs = [] {
  std::array<char, 512> pairs{};
  for (std::size_t i = 0; i < 256; ++i) {
    pairs[2 * i] = hex_digits[i >> 4U];
    pairs[2 * i + 1] = hex_digits[i & 15U];
  }
  return pairs;
}();

// The `bytes` most significant bytes of `bits` as lower-case hexadecimal; returns the end.
inline char* write_hex_bytes(char* out, std::uint64_t bits, std::size_t bytes) noexcept {
  for (std::size_t i = 0; i < bytes; ++i) std::memcpy(out + 2 * i, &hex_pairs[2 * (bits >> (56U - 8U * i) & 0xffU)], 2);
  return out + 2 * bytes;
}

}  // namespace holdfast::policies
