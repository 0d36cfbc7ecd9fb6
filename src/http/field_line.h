// field_line: one field line of a head or a trailer section, from bytes (RFC 9112 5).
//
// Reads from left to right and stops at the first byte that the grammar does not allow, so that a line which arrives in pieces is
// refused for the same reason as a whole one. Knows names and characters only; what fields mean is in head_rules.
#pragma once

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

// Reads the line that starts at `begin`; looks at nothing from `end` on. Offsets count from `base`.
Line read_field_line(const char* base, std::uint32_t begin, std::uint32_t end, const FieldNames& names, FieldLine& line) noexcept;

// The line end that must stand at `at`: CR LF. True when it does; else `rule` is set, or null when more bytes are needed.
bool at_line_end(const char* base, std::uint32_t at, std::uint32_t end, const char*& rule) noexcept;

}  // namespace holdfast::http
