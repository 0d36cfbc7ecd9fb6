// mutation: messages that are almost right, drawn from others by a seeded generator: the same seed, the same messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::differential {

// splitmix64: small, and the same on every machine.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t next() noexcept {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  std::size_t below(std::size_t n) noexcept { return static_cast<std::size_t>(next() % n); }

 private:
  std::uint64_t state_;
};

// One to three changes of `message`; `other` is what pieces are taken from.
std::string mutated(std::string_view message, std::string_view other, Draw& draw);

}  // namespace holdfast::differential
