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

// Where the lines of a text end; 64 bytes are looked at together, so that a line costs no look of its own.
class LineEnds {
 public:
  LineEnds(const char* begin, const char* end) noexcept : window_(begin), begin_(begin), end_(end) { look(); }

  // The first control at or behind `line`, which only grows; the end of the text when there is none.
  const char* next(const char* line) noexcept {
    for (;;) {
      while (found_ == 0) {
        if (end_ - window_ <= 64) return end_;
        window_ += 64;
        look();
      }
      const char* const at = window_ + std::countr_zero(found_);
      found_ &= found_ - 1;
      if (at >= line) return at;
    }
  }
  // The control behind the last one given is part of the same line end. When it is in the next window, next() passes it
  // by.
  void skip() noexcept { found_ &= found_ - 1; }

 private:
  void look() noexcept {
    if (end_ - window_ >= 64) [[likely]] {
      found_ = at(0) | at(16) << 16U | at(32) << 32U | at(48) << 48U;
      return;
    }
    found_ = 0;
    const auto left = static_cast<std::size_t>(end_ - window_);
    for (std::size_t i = 0; i < left; i += 16) {
      const std::uint64_t bits = bits_up_to(begin_, window_ + i, end_, [](Bytes16 b) { return controls(b).bits(); });
      found_ |= bits << i;
    }
  }
  std::uint64_t at(std::size_t offset) const noexcept { return controls(Bytes16::load(window_ + offset)).bits(); }

  const char* window_;
  const char* const begin_;
  const char* const end_;
  std::uint64_t found_ = 0;
};

// The common line in few instructions: a name of letters, digits and '-', at most one space, a value that is not empty.
// `line_end`: the first control behind `line`; sixteen bytes can be read at `line`. False for every other line, good or
// bad: read_field_line decides. `field` has offsets from `base`; what kind of name it is, the caller asks.
inline bool read_common_line(const char* base, const char* line, const char* line_end, const char* end,
                             Field& field) noexcept {
  auto size = static_cast<std::size_t>(std::countr_zero(~common_name_characters(Bytes16::load(line)).bits()));
  if (size == 16) [[unlikely]] {
    if (end - line < 32) return false;
    size += static_cast<std::size_t>(std::countr_zero(~common_name_characters(Bytes16::load(line + 16)).bits()));
    if (size == 32) return false;
  }
  const char* value = line + size;
  if (*value != ':' || value == line) [[unlikely]]
    return false;
  value += value[1] == ' ' ? 2 : 1;
  // More white space, or no value: then the line end stands here.
  if (static_cast<unsigned char>(*value) <= ' ' || line_end[-1] == ' ') [[unlikely]]
    return false;
  field.name = static_cast<std::uint32_t>(line - base);
  field.value = static_cast<std::uint32_t>(value - base);
  field.value_size = static_cast<std::uint32_t>(line_end - value);
  field.name_size = static_cast<std::uint16_t>(size);
  return true;
}

// Reads the line that starts at `begin`; looks at nothing from `end` on. Offsets count from `base`.
Line read_field_line(const char* base, std::uint32_t begin, std::uint32_t end, const FieldNames& names,
                     FieldLine& line) noexcept;

// The line end that must stand at `at`: CR LF. True when it does; else `rule` is set, or null when more bytes are
// needed.
bool at_line_end(const char* base, std::uint32_t at, std::uint32_t end, const char*& rule) noexcept;

}  // namespace holdfast::http
