// field_line: one field line of a head or a trailer section, from bytes (RFC 9112 5).
//
// Reads from left to right and stops at the first byte that the grammar does not allow, so that a line which arrives in
// pieces is refused for the same reason as a whole one. Knows names and characters only; what fields mean is in
// head_rules.
#pragma once

#include <bit>
#include <cstdint>

#include "http/field_names.h"
#include "http/head.h"

namespace holdfast::http {

enum class Line : std::uint8_t {
  field,       // `field` is filled, `next` is the start of the line behind it
  end,         // the empty line; `next` is behind it
  incomplete,  // runs into `end`
  broken,      // `rule` and `at` say why
};

struct FieldLine {
  Field field;
  std::uint32_t next = 0;
  const char* rule = nullptr;  // string literal
  std::uint32_t at = 0;
};

// The common line, in a few instructions per sixteen bytes: a name of letters, digits and '-', at most one space, a
// value, CR LF. Returns the start of the next line; 0 for every other line, good or bad: read_field_line decides.
inline std::uint32_t read_common_line(const char* base, std::uint32_t begin, std::uint32_t end, const FieldNames& names,
                                      Field& field) noexcept {
  const char* const stop = base + end;
  const char* const start = base + begin;
  if (stop - start < 16) [[unlikely]]
    return 0;
  const Bytes16 first = Bytes16::load(start);
  std::uint32_t others = common_name_characters(first).bits() ^ 0xffffU;
  std::uint32_t size = 0;
  if (others == 0) [[unlikely]] {
    if (stop - start < 32) return 0;
    others = common_name_characters(Bytes16::load(start + 16)).bits() ^ 0xffffU;
    if (others == 0) return 0;
    size = 16;
  }
  size += static_cast<std::uint32_t>(std::countr_zero(others));
  if (start[size] != ':' || size == 0) [[unlikely]]
    return 0;

  const char* value = start + size + 1;
  if (stop - value < 4) [[unlikely]]
    return 0;  // no room for a space, a character, CR LF
  value += *value == ' ' ? 1 : 0;
  if (static_cast<unsigned char>(*value) <= ' ') [[unlikely]]
    return 0;  // more white space, or empty
  const char* at = value;
  std::uint32_t stops = 0;
  while (stop - at >= 32) {
    const Bytes16 low = controls(Bytes16::load(at));
    const Bytes16 high = controls(Bytes16::load(at + 16));
    stops = low.bits() | high.bits() << 16U;
    if (stops != 0) break;
    at += 32;
  }
  while (stops == 0 && stop - at >= 16) {
    stops = controls(Bytes16::load(at)).bits();
    if (stops != 0) break;
    at += 16;
  }
  if (stops == 0) {  // fewer than sixteen bytes are left: look at the last sixteen, of which some have been seen
    stops = controls(Bytes16::load(stop - 16)).bits() >> (16 - (stop - at));
    if (stops == 0) return 0;
  }
  at += std::countr_zero(stops);
  if (at[0] != '\r' || stop - at < 2 || at[1] != '\n' || static_cast<unsigned char>(at[-1]) <= ' ') [[unlikely]]
    return 0;

  NameClass is;
  if (!names.classify_fast(size, first, is)) [[unlikely]]
    return 0;
  field.name = begin;
  field.value = static_cast<std::uint32_t>(value - base);
  field.value_size = static_cast<std::uint32_t>(at - value);
  field.name_size = static_cast<std::uint16_t>(size);
  field.id = is.id;
  field.marks = is.marks;
  return static_cast<std::uint32_t>(at - base) + 2;
}

// Reads the line that starts at `begin`; looks at nothing from `end` on. Offsets count from `base`.
Line read_field_line(const char* base, std::uint32_t begin, std::uint32_t end, const FieldNames& names,
                     FieldLine& line) noexcept;

// The line end that must stand at `at`: CR LF. True when it does; else `rule` is set, or null when more bytes are
// needed.
bool at_line_end(const char* base, std::uint32_t at, std::uint32_t end, const char*& rule) noexcept;

}  // namespace holdfast::http
