#include "http/trailers.h"

#include <bit>

#include "core/bytes.h"
#include "http/field_filter.h"
#include "http/field_names.h"
#include "http/forwarding.h"
#include "http/simd.h"

namespace holdfast::http {
namespace {

constexpr FieldSet allowed_ids = set_of(
    {FieldId::content_digest, FieldId::repr_digest, FieldId::digest, FieldId::etag, FieldId::date, FieldId::server});

bool starts_with(std::string_view name, std::string_view prefix) noexcept {
  return equals_lower(name.substr(0, prefix.size()), prefix);
}

// Names of a family that is forbidden as a whole.
bool has_forbidden_prefix(std::string_view name) noexcept {
  switch (lower(name.empty() ? '\0' : name[0])) {
    case 'a': return starts_with(name, "access-control-");
    case 'c': return starts_with(name, "content-");
    case 'i': return starts_with(name, "if-");
    case 'p': return starts_with(name, "proxy-");
    case 's': return starts_with(name, "sec-");
    case 'x': return starts_with(name, "x-forwarded-");
  }
  return false;
}

bool may_be_trailer(NameClass is, std::string_view name) noexcept {
  if (is.id != FieldId::other) return allowed_ids.has(is.id);
  return (is.marks & mark_no_trailer) == 0 && !has_forbidden_prefix(name);
}

// Why there is no colon at `at`, behind what may be a name.
const char* name_fault(std::string_view line, std::size_t at) noexcept {
  if (line.find(':', at) == std::string_view::npos) return "trailer line without a colon";
  if (line[at] == ' ' || line[at] == '\t') return "white space before the colon in the trailers";
  return "character in a field name in the trailers";
}

// The name that the first line begins with; `first` are the first bytes.
std::string_view first_name(std::string_view lines, Bytes16 first) noexcept {
  const std::uint32_t colons = first.equals(':').bits();
  return lines.substr(0, colons != 0 ? static_cast<std::size_t>(std::countr_zero(colons)) : lines.find(':'));
}

}  // namespace

const char* check_trailer_line(std::string_view line) noexcept {
  if (line.size() < 2 || line[line.size() - 2] != '\r') return "bare LF in the trailers";
  line.remove_suffix(2);
  std::size_t colon = 0;
  while (colon < line.size() && is_token_character(line[colon])) ++colon;
  if (colon == line.size() || line[colon] != ':') return name_fault(line, colon);
  if (colon == 0) return "empty field name in the trailers";
  for (const char c : line.substr(colon + 1)) {
    if (c == '\r') return "bare CR in the trailers";
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f') return "control character in the trailers";
  }
  return nullptr;
}

std::size_t copy_trailers(std::string_view lines, const FieldNames& names, bool strip, char* out) noexcept {
  const char* const begin = out;
  const char* const end = lines.data() + lines.size();
  const auto left_out = static_cast<std::uint8_t>(mark_dropped | mark_request_id | (strip ? mark_strip : 0));
  while (!lines.empty()) {
    const auto first = load_up_to<Bytes16>(lines.data(), end);
    const std::string_view name = first_name(lines, first);
    const std::size_t size = lines.find('\n', name.size()) + 1;
    if (size == 0) break;  // not a complete line: never given by a decoder
    const std::string_view line = lines.substr(0, size);
    lines.remove_prefix(size);
    const NameClass is = names.classify(name);
    if ((is.marks & left_out) == 0 && may_be_trailer(is, name)) out = write_text(out, line);
  }
  return static_cast<std::size_t>(out - begin);
}

}  // namespace holdfast::http
