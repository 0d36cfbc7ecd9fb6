// simd: sixteen bytes at once. The only place with vector instructions (SSE2, NEON, or plain code).
//
// A vector of comparisons has 0xff where it holds; bits() makes it a mask with bit i for byte i. All comparisons are
// unsigned. AVX2 was measured and gains nothing on message heads: their lines are short.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace holdfast::http {

// Works everywhere; the tests hold the other forms against it.
class PlainBytes16 {
 public:
  static PlainBytes16 load(const char* p) noexcept {
    PlainBytes16 r;
    std::memcpy(r.v_.data(), p, 16);
    return r;
  }
  void store(char* p) const noexcept { std::memcpy(p, v_.data(), 16); }
  PlainBytes16 equals(char c) const noexcept {
    return each([c](std::uint8_t b) { return b == static_cast<std::uint8_t>(c); });
  }
  PlainBytes16 same(PlainBytes16 other) const noexcept {
    PlainBytes16 r;
    for (std::size_t i = 0; i < 16; ++i) r.v_[i] = v_[i] == other.v_[i] ? 0xff : 0;
    return r;
  }
  PlainBytes16 at_most(std::uint8_t most) const noexcept {
    return each([most](std::uint8_t b) { return b <= most; });
  }
  PlainBytes16 minus(std::uint8_t n) const noexcept {
    PlainBytes16 r;
    for (std::size_t i = 0; i < 16; ++i) r.v_[i] = static_cast<std::uint8_t>(v_[i] - n);
    return r;
  }
  PlainBytes16 with_bits(std::uint8_t n) const noexcept {
    PlainBytes16 r;
    for (std::size_t i = 0; i < 16; ++i) r.v_[i] = static_cast<std::uint8_t>(v_[i] | n);
    return r;
  }
  friend PlainBytes16 operator|(PlainBytes16 a, PlainBytes16 b) noexcept {
    for (std::size_t i = 0; i < 16; ++i) a.v_[i] = static_cast<std::uint8_t>(a.v_[i] | b.v_[i]);
    return a;
  }
  friend PlainBytes16 operator&(PlainBytes16 a, PlainBytes16 b) noexcept {
    for (std::size_t i = 0; i < 16; ++i) a.v_[i] = static_cast<std::uint8_t>(a.v_[i] & b.v_[i]);
    return a;
  }
  PlainBytes16 keep(std::uint8_t n) const noexcept {
    PlainBytes16 r;
    for (std::size_t i = 0; i < 16; ++i) r.v_[i] = static_cast<std::uint8_t>(v_[i] & n);
    return r;
  }
  std::uint32_t bits() const noexcept {
    std::uint32_t mask = 0;
    for (std::size_t i = 0; i < 16; ++i) mask |= static_cast<std::uint32_t>(v_[i] >> 7U) << i;
    return mask;
  }
  std::uint64_t low() const noexcept { return word(0); }
  std::uint64_t high() const noexcept { return word(8); }

 private:
  template <class Holds>
  PlainBytes16 each(Holds holds) const noexcept {
    PlainBytes16 r;
    for (std::size_t i = 0; i < 16; ++i) r.v_[i] = holds(v_[i]) ? 0xff : 0;
    return r;
  }
  std::uint64_t word(std::size_t from) const noexcept {
    std::uint64_t w = 0;
    std::memcpy(&w, v_.data() + from, sizeof w);
    return w;
  }
  std::array<std::uint8_t, 16> v_{};
};

#if defined(__SSE2__)
class Bytes16 {
 public:
  static Bytes16 load(const char* p) noexcept {
    return _mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(p)));
  }
  void store(char* p) const noexcept { _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(p)), v_); }
  Bytes16 equals(char c) const noexcept { return _mm_cmpeq_epi8(v_, _mm_set1_epi8(c)); }
  Bytes16 same(Bytes16 other) const noexcept { return _mm_cmpeq_epi8(v_, other.v_); }
  Bytes16 at_most(std::uint8_t most) const noexcept { return _mm_cmpeq_epi8(_mm_min_epu8(v_, all(most)), v_); }
  Bytes16 minus(std::uint8_t n) const noexcept { return _mm_sub_epi8(v_, all(n)); }
  Bytes16 with_bits(std::uint8_t n) const noexcept { return _mm_or_si128(v_, all(n)); }
  Bytes16 keep(std::uint8_t n) const noexcept { return _mm_and_si128(v_, all(n)); }
  friend Bytes16 operator|(Bytes16 a, Bytes16 b) noexcept { return _mm_or_si128(a.v_, b.v_); }
  friend Bytes16 operator&(Bytes16 a, Bytes16 b) noexcept { return _mm_and_si128(a.v_, b.v_); }
  std::uint32_t bits() const noexcept { return static_cast<std::uint32_t>(_mm_movemask_epi8(v_)); }
  std::uint64_t low() const noexcept { return word(v_); }
  std::uint64_t high() const noexcept { return word(_mm_unpackhi_epi64(v_, v_)); }

 private:
  Bytes16(__m128i v) noexcept : v_(v) {}
  static __m128i all(std::uint8_t n) noexcept { return _mm_set1_epi8(static_cast<char>(n)); }
  static std::uint64_t word(__m128i v) noexcept { return static_cast<std::uint64_t>(_mm_cvtsi128_si64(v)); }
  __m128i v_;
};
#elif defined(__ARM_NEON) && defined(__aarch64__)
class Bytes16 {
 public:
  static Bytes16 load(const char* p) noexcept {
    return vld1q_u8(static_cast<const std::uint8_t*>(static_cast<const void*>(p)));
  }
  void store(char* p) const noexcept { vst1q_u8(static_cast<std::uint8_t*>(static_cast<void*>(p)), v_); }
  Bytes16 equals(char c) const noexcept { return vceqq_u8(v_, vdupq_n_u8(static_cast<std::uint8_t>(c))); }
  Bytes16 same(Bytes16 other) const noexcept { return vceqq_u8(v_, other.v_); }
  Bytes16 at_most(std::uint8_t most) const noexcept { return vcleq_u8(v_, vdupq_n_u8(most)); }
  Bytes16 minus(std::uint8_t n) const noexcept { return vsubq_u8(v_, vdupq_n_u8(n)); }
  Bytes16 with_bits(std::uint8_t n) const noexcept { return vorrq_u8(v_, vdupq_n_u8(n)); }
  Bytes16 keep(std::uint8_t n) const noexcept { return vandq_u8(v_, vdupq_n_u8(n)); }
  friend Bytes16 operator|(Bytes16 a, Bytes16 b) noexcept { return vorrq_u8(a.v_, b.v_); }
  friend Bytes16 operator&(Bytes16 a, Bytes16 b) noexcept { return vandq_u8(a.v_, b.v_); }
  std::uint32_t bits() const noexcept {
    constexpr std::array<std::uint8_t, 16> weights{1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t weighted = vandq_u8(v_, vld1q_u8(weights.data()));
    return static_cast<std::uint32_t>(vaddv_u8(vget_low_u8(weighted))) |
           static_cast<std::uint32_t>(vaddv_u8(vget_high_u8(weighted))) << 8U;
  }
  std::uint64_t low() const noexcept { return vgetq_lane_u64(vreinterpretq_u64_u8(v_), 0); }
  std::uint64_t high() const noexcept { return vgetq_lane_u64(vreinterpretq_u64_u8(v_), 1); }

 private:
  Bytes16(uint8x16_t v) noexcept : v_(v) {}
  uint8x16_t v_;
};
#else
using Bytes16 = PlainBytes16;
#endif

// RFC 9110 5.5: bytes that no field value has: controls other than HTAB, and DEL.
template <class Bytes>
Bytes controls(Bytes b) noexcept {
  return b.at_most(0x1f) | b.equals('\x7f');
}

template <class Bytes>
Bytes letters(Bytes b) noexcept {
  return b.with_bits(0x20).minus('a').at_most('z' - 'a');
}

// The characters that names are almost always made of; others that a token may have are looked up one by one.
template <class Bytes>
Bytes common_name_characters(Bytes b) noexcept {
  return letters(b) | b.minus('0').at_most(9) | b.equals('-');
}

template <class Bytes>
Bytes lowered(Bytes b) noexcept {
  return b | letters(b).keep(0x20);
}

// RFC 9112 3.2: bytes that may stand in a request target as we accept it: visible ASCII without '#'.
template <class Bytes>
std::uint32_t outside_target(Bytes b) noexcept {
  return (~b.minus(0x21).at_most(0x7e - 0x21).bits() | b.equals('#').bits()) & 0xffffU;
}

template <class Bytes>
[[gnu::noinline]] Bytes load_few(const char* p, const char* end) noexcept {
  std::array<char, 16> copy{};
  for (std::size_t i = 0; p + i < end; ++i) copy[i] = p[i];
  return Bytes::load(copy.data());
}

// Loads up to sixteen bytes that end at `end`; what is missing reads as NUL.
template <class Bytes>
Bytes load_up_to(const char* p, const char* end) noexcept {
  if (end - p >= 16) return Bytes::load(p);
  return load_few<Bytes>(p, end);
}

// What `find` says of up to sixteen bytes at `at`; nothing from `end` on is looked at. `base`: the first byte that may
// be read.
template <class Find>
std::uint32_t bits_up_to(const char* base, const char* at, const char* end, Find find) noexcept {
  const auto left = static_cast<std::uint32_t>(end - at);
  if (left >= 16) return find(Bytes16::load(at));
  if (end - base >= 16)
    return find(Bytes16::load(end - 16)) >> (16U - left);  // the last sixteen, some of them seen before
  return find(load_up_to<Bytes16>(at, end)) & ((1U << left) - 1U);
}

// RFC 9110 5.6.2
inline constexpr std::array<bool, 256> token_characters = [] {
  std::array<bool, 256> is{};
  for (unsigned c = '0'; c <= '9'; ++c) is[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) is[c] = is[c - 'a' + 'A'] = true;
  for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
    is[static_cast<unsigned char>(c)] = true;
  }
  return is;
}();
constexpr bool is_token_character(char c) noexcept { return token_characters[static_cast<unsigned char>(c)]; }

}  // namespace holdfast::http
