// json: the parts of JsonLine that look at the bytes of a text.
//
// Most texts need no escaping: they are copied 16 bytes at a time while being looked at. Only a text in which something
// was found (or that does not fit) is written in runs, character by character where one needs it.
#include "telemetry/json.h"

#include <algorithm>
#include <array>
#include <bit>

#include "core/digits.h"

namespace holdfast::telemetry {
namespace {

using Bytes16 [[gnu::vector_size(16)]] = signed char;

constexpr std::uint64_t ones = 0x0101010101010101U;
constexpr std::uint64_t highs = 0x8080808080808080U;

// Non-zero when a byte of `word` must not be copied as it is: a control, a quote, a backslash, or part of no ASCII
// character.
constexpr std::uint64_t special8(std::uint64_t word) noexcept {
  const std::uint64_t quote = word ^ (ones * '"');
  const std::uint64_t slash = word ^ (ones * '\\');
  const std::uint64_t below = (word - ones * 0x20) & ~word;
  return (word | below | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & highs;
}

// Such bytes of `v` as 0xff, the others as 0.
std::array<std::uint64_t, 2> special16(const Bytes16& v) noexcept {
  const Bytes16 found = (v < 0x20) | (v == '"') | (v == '\\');  // signed: from 0x80 on is below 0x20 too
  std::array<std::uint64_t, 2> halves{};
  std::memcpy(halves.data(), &found, sizeof halves);
  return halves;
}

std::array<std::uint64_t, 2> copy_and_find16(char* out, const char* in) noexcept {
  Bytes16 v;
  std::memcpy(&v, in, sizeof v);
  std::memcpy(out, &v, sizeof v);
  return special16(v);
}

std::uint64_t copy16(char* out, const char* in) noexcept {
  const auto found = copy_and_find16(out, in);
  return found[0] | found[1];
}

std::uint64_t copy8(char* out, const char* in) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, in, sizeof word);
  std::memcpy(out, &word, sizeof word);
  return special8(word);
}

// Above its four bytes the word has spaces, which need no escaping.
std::uint64_t copy4(char* out, const char* in) noexcept {
  std::uint32_t word = 0;
  std::memcpy(&word, in, sizeof word);
  std::memcpy(out, &word, sizeof word);
  return special8(word | std::uint64_t{0x20202020} << 32U);
}

bool is_special(char byte) noexcept {
  const auto c = static_cast<unsigned char>(byte);
  return c < 0x20 || c == '"' || c == '\\' || c >= 0x80;
}

// Place in memory of the first byte of `word` that is not 0.
std::size_t first_byte(std::uint64_t word) noexcept {
  const int bits = std::endian::native == std::endian::little ? std::countr_zero(word) : std::countl_zero(word);
  return static_cast<std::size_t>(bits) / 8;
}

// Copies all of `value`, reading and writing nothing beyond it. False when something in it needs escaping.
bool copy_plain(char* out, std::string_view value) noexcept {
  const char* in = value.data();
  const std::size_t size = value.size();
  std::uint64_t special = 0;
  if (size >= 16) {
    std::size_t i = 0;
    for (; i + 16 <= size && special == 0; i += 16) special = copy16(out + i, in + i);
    return (special | copy16(out + size - 16, in + size - 16)) == 0;
  }
  if (size >= 8) return (copy8(out, in) | copy8(out + size - 8, in + size - 8)) == 0;
  if (size >= 4) return (copy4(out, in) | copy4(out + size - 4, in + size - 4)) == 0;
  for (std::size_t i = 0; i < size; ++i) {
    out[i] = in[i];
    special |= static_cast<std::uint64_t>(is_special(in[i]));
  }
  return special == 0;
}

// Copies what stands before the first byte of `value` that must not be copied as it is; returns how much. May write
// over all `value.size()` bytes at `out`.
std::size_t copy_run(char* out, std::string_view value) noexcept {
  const char* in = value.data();
  std::size_t i = 0;
  for (; i + 16 <= value.size(); i += 16) {
    const auto found = copy_and_find16(out + i, in + i);
    if (found[0] != 0) return i + first_byte(found[0]);
    if (found[1] != 0) return i + 8 + first_byte(found[1]);
  }
  for (; i < value.size() && !is_special(in[i]); ++i) out[i] = in[i];
  return i;
}

// Bytes of the UTF-8 character at the front of `in`, 0 when it is none (RFC 3629: no overlong forms, no surrogates).
std::size_t utf8_size(std::string_view in) noexcept {
  const auto at = [in](std::size_t i) { return static_cast<unsigned char>(in[i]); };
  const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < in.size() && at(i) >= low && at(i) <= high;
  };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

// How one character is written.
struct Unit {
  std::array<char, 6> bytes{};
  std::size_t size = 0;   // written
  std::size_t taken = 0;  // of the input
};

Unit escaped(unsigned point, std::size_t taken) noexcept {
  return {{'\\', 'u', hex_digits[point >> 12U & 15U], hex_digits[point >> 8U & 15U], hex_digits[point >> 4U & 15U],
           hex_digits[point & 15U]},
          6,
          taken};
}

Unit short_escape(char c) noexcept { return {{'\\', c}, 2, 1}; }

Unit next_unit(std::string_view in) noexcept {
  const auto first = static_cast<unsigned char>(in[0]);
  if (first == '"' || first == '\\') return short_escape(in[0]);
  if (first == '\n') return short_escape('n');
  if (first == '\r') return short_escape('r');
  if (first == '\t') return short_escape('t');
  if (first < 0x20) return escaped(first, 1);
  Unit unit;
  unit.taken = utf8_size(in);
  if (unit.taken == 0) return {{'\xEF', '\xBF', '\xBD'}, 3, 1};  // U+FFFD
  if (unit.taken == 2 && first == 0xC2 && static_cast<unsigned char>(in[1]) < 0xA0)
    return escaped(static_cast<unsigned char>(in[1]), 2);
  if (first == 0xE2 && in.substr(0, 3) == "\u2028") return escaped(0x2028, 3);
  if (first == 0xE2 && in.substr(0, 3) == "\u2029") return escaped(0x2029, 3);
  unit.size = unit.taken;
  std::memcpy(unit.bytes.data(), in.data(), unit.size);
  return unit;
}

// Writes as many characters of `value` as end before `limit`; `…` behind them when that is not all, for which the
// caller left room.
char* write_escaped(char* out, const char* limit, std::string_view value) noexcept {
  while (true) {
    const std::size_t room = static_cast<std::size_t>(limit - out);
    const std::size_t run = copy_run(out, value.substr(0, room));
    out += run;
    value.remove_prefix(run);
    if (value.empty()) return out;
    const Unit unit = next_unit(value);
    if (static_cast<std::size_t>(limit - out) < unit.size) return write_text(out, "…");
    std::memcpy(out, unit.bytes.data(), unit.size);
    out += unit.size;
    value.remove_prefix(unit.taken);
  }
}

constexpr std::size_t behind_text = 5;  // `…",`

}  // namespace

char* JsonLine::put_text(char* out, const char* limit, std::string_view value) noexcept {
  *out++ = '"';
  if (static_cast<std::size_t>(limit - out) >= value.size() + behind_text && copy_plain(out, value)) {
    out += value.size();
  } else {
    out = write_escaped(out, limit - behind_text, value);
  }
  out[0] = '"';
  out[1] = ',';
  return out + 2;
}

char* JsonLine::put_milliseconds(char* out, Duration value) noexcept {
  if (value < Duration{1000}) return write_text(out, "0.000,");
  const std::uint64_t micros = static_cast<std::uint64_t>(value.count()) / 1000;
  const std::uint64_t whole = micros / 1000;
  const auto rest = static_cast<std::uint32_t>(micros - whole * 1000);
  char* end = whole < 10 ? write_digit(out, static_cast<std::uint32_t>(whole)) : write_decimal(out, whole);
  *end = '.';
  end = write_digit(end + 1, rest / 100);
  end = write_pair(end, rest % 100);
  *end = ',';
  return end + 1;
}

bool JsonLine::put_any_name(std::string_view name, std::size_t value_size) noexcept {
  constexpr std::size_t growth = 6;  // of one escaped character
  if (name.size() > 256 || !fits(name.size() * growth + 3 + behind_text + value_size)) return false;
  *cursor_++ = '"';
  cursor_ = write_escaped(cursor_, limit_, name);
  *cursor_++ = '"';
  *cursor_++ = ':';
  return true;
}

JsonLine& JsonLine::text(std::string_view name, std::string_view value) noexcept {
  if (put_any_name(name, 3)) cursor_ = put_text(cursor_, limit_, value);
  return *this;
}

JsonLine& JsonLine::number(std::string_view name, std::uint64_t value) noexcept {
  if (put_any_name(name, 21)) cursor_ = put_number(cursor_, value);
  return *this;
}

JsonLine& JsonLine::boolean(std::string_view name, bool value) noexcept {
  if (!put_any_name(name, 6)) return *this;
  cursor_ = write_text(cursor_, value ? "true," : "false,");
  return *this;
}

}  // namespace holdfast::telemetry
