#include "http/trailers.h"

#include <array>

#include "core/bytes.h"
#include "http/field_names.h"
#include "http/forwarding.h"
#include "http/simd.h"

namespace holdfast::http {
namespace {

constexpr std::array forbidden_prefixes{"content-", "x-forwarded-", "sec-", "proxy-", "if-", "access-control-"};
constexpr std::array forbidden_names{
    "accept",   "age",      "allow",  "alt-svc", "clear-site-data", "expires", "http2-settings",
    "location", "origin",   "pragma", "range",   "referer",         "refresh", "strict-transport-security",
    "vary",     "x-real-ip"};

std::string_view name_of(std::string_view line) noexcept { return line.substr(0, line.find(':')); }

bool allowed_name(std::string_view name) noexcept {
  const FieldId id = fixed_field_id(name);
  if (id == FieldId::content_digest || id == FieldId::repr_digest || id == FieldId::digest || id == FieldId::etag)
    return true;
  if (id != FieldId::other) return id == FieldId::date || id == FieldId::server;
  for (const std::string_view prefix : forbidden_prefixes) {
    if (equals_lower(name.substr(0, prefix.size()), prefix)) return false;
  }
  for (const std::string_view forbidden : forbidden_names) {
    if (equals_lower(name, forbidden)) return false;
  }
  return true;
}

const char* check_name(std::string_view name) noexcept {
  if (name.empty()) return "empty field name in the trailers";
  for (const char c : name) {
    if (c == ' ' || c == '\t') return "white space before the colon in the trailers";
    if (!is_token_character(c)) return "character in a field name in the trailers";
  }
  return nullptr;
}

}  // namespace

const char* check_trailer_line(std::string_view line) noexcept {
  if (line.size() < 2 || line[line.size() - 2] != '\r') return "bare LF in the trailers";
  line.remove_suffix(2);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return "trailer line without a colon";
  const char* rule = check_name(line.substr(0, colon));
  if (rule != nullptr) return rule;
  for (const char c : line.substr(colon + 1)) {
    if (c == '\r') return "bare CR in the trailers";
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f') return "control character in the trailers";
  }
  return nullptr;
}

bool may_be_trailer(std::string_view line) noexcept { return allowed_name(name_of(line)); }

std::size_t copy_trailers(std::string_view lines, const FieldNames& names, bool strip, char* out) noexcept {
  const char* const begin = out;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n') + 1);
    if (line.empty()) break;  // not a complete line: never given by a decoder
    lines.remove_prefix(line.size());
    const std::string_view name = name_of(line);
    const std::uint8_t marks = names.classify(name).marks;
    const bool dropped = (marks & (mark_dropped | mark_request_id)) != 0 || (strip && (marks & mark_strip) != 0);
    if (!dropped && allowed_name(name)) out = write_text(out, line);
  }
  return static_cast<std::size_t>(out - begin);
}

}  // namespace holdfast::http
