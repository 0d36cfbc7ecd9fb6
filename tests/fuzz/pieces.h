// pieces: cuts an input the way its first bytes say, so that the fuzzer also chooses how the bytes arrive.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace holdfast::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {static_cast<const char*>(static_cast<const void*>(data)), size};
}

// Ends the run: the fuzzer keeps the input.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

class Pieces {
 public:
  explicit Pieces(std::uint8_t seed) noexcept : state_(seed * 2654435761U + 1U) {}
  std::size_t next(std::size_t left) noexcept {
    state_ = state_ * 1664525U + 1013904223U;
    return std::min<std::size_t>(left, 1 + (state_ >> 24U) % 37U);
  }

 private:
  std::uint32_t state_;
};

}  // namespace holdfast::fuzz
