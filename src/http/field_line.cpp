#include "http/field_line.h"

namespace holdfast::http {
namespace {

Line broken(FieldLine& line, const char* rule, std::uint32_t at) noexcept {
  line.rule = rule;
  line.at = at;
  return Line::broken;
}

// Why the byte that ended a name is not the colon.
Line bad_name(const char* base, std::uint32_t begin, std::uint32_t at, std::uint32_t end, FieldLine& line) noexcept {
  const char c = base[at];
  if (c == ' ' || c == '\t') return broken(line, "white space before the colon", at);
  if (c == '\n') return broken(line, "bare LF", at);
  if (c == '\r' && at + 1 == end) return Line::incomplete;
  if (c == '\r' && base[at + 1] != '\n') return broken(line, "bare CR", at);
  if (c == '\r') return broken(line, "field line without a colon", begin);
  return broken(line, "character in a field name", at);
}

// A line that starts with neither a name nor the empty line.
Line bad_start(const char* base, std::uint32_t begin, std::uint32_t end, FieldLine& line) noexcept {
  const char c = base[begin];
  if (c == '\r') {
    const char* rule = nullptr;
    if (!at_line_end(base, begin, end, rule)) return rule == nullptr ? Line::incomplete : broken(line, rule, begin);
    line.next = begin + 2;
    return Line::end;
  }
  if (c == ' ' || c == '\t') return broken(line, "white space at the start of a field line", begin);
  if (c == ':') return broken(line, "empty field name", begin);
  return bad_name(base, begin, begin, end, line);
}

// The end of the name that starts at `begin`: the first byte that no token has, or `end`. `first` gets the sixteen
// bytes at `begin`.
inline std::uint32_t name_end(const char* base, std::uint32_t begin, std::uint32_t end, Bytes16 first) noexcept {
  const std::uint32_t others = ~common_name_characters(first).bits() & 0xffffU;
  std::uint32_t at = begin + (others == 0 ? 16 : static_cast<std::uint32_t>(std::countr_zero(others)));
  while (at < end && is_token_character(base[at])) ++at;
  return at < end ? at : end;
}

// The first control other than HTAB at or behind `at`, or `end`.
inline std::uint32_t value_end(const char* base, std::uint32_t at, std::uint32_t end) noexcept {
  while (at < end) {
    const std::uint32_t stops = controls(load_up_to<Bytes16>(base + at, base + end)).bits();
    if (stops == 0) {
      at += 16;
      continue;
    }
    at += static_cast<std::uint32_t>(std::countr_zero(stops));
    if (at >= end || base[at] != '\t') break;
    ++at;
  }
  return at < end ? at : end;
}

constexpr bool is_white_space(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

bool at_line_end(const char* base, std::uint32_t at, std::uint32_t end, const char*& rule) noexcept {
  rule = nullptr;
  if (base[at] == '\r') {
    if (at + 1 == end) return false;
    if (base[at + 1] == '\n') return true;
    rule = "bare CR";
    return false;
  }
  rule = base[at] == '\n' ? "bare LF" : "control character";
  return false;
}

Line read_field_line(const char* base, std::uint32_t begin, std::uint32_t end, const FieldNames& names,
                     FieldLine& line) noexcept {
  if (begin >= end) return Line::incomplete;
  const Bytes16 first = load_up_to<Bytes16>(base + begin, base + end);
  const std::uint32_t colon = name_end(base, begin, end, first);
  if (colon == begin) return bad_start(base, begin, end, line);
  if (colon - begin > 0xffffU) return broken(line, "field name too long", begin);
  if (colon == end) return Line::incomplete;
  if (base[colon] != ':') return bad_name(base, begin, colon, end, line);

  std::uint32_t value = colon + 1;
  while (value < end && is_white_space(base[value])) ++value;
  std::uint32_t value_stop = value_end(base, value, end);
  if (value_stop == end) return Line::incomplete;
  const char* rule = nullptr;
  if (!at_line_end(base, value_stop, end, rule))
    return rule == nullptr ? Line::incomplete : broken(line, rule, value_stop);
  line.next = value_stop + 2;
  while (value_stop > value && is_white_space(base[value_stop - 1])) --value_stop;

  const NameClass is = names.classify({base + begin, colon - begin});
  line.field = {begin, value, value_stop - value, static_cast<std::uint16_t>(colon - begin), is.id, is.marks};
  return Line::field;
}

}  // namespace holdfast::http
