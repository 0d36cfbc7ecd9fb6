#include "backend/framing.h"

#include <algorithm>
#include <string_view>

namespace users {
namespace {

struct Found {
  int count = 0;
  std::string_view value;  // of the last one
};

Found fields_named(const Request& request, std::string_view lowered) {
  Found found;
  for (const Field& field : request.fields) {
    if (!holdfast::equals_lower(field.name, lowered)) continue;
    ++found.count;
    found.value = field.value;
  }
  return found;
}

// RFC 9112 5.1: `Content-Length : 5` is a length to some and nothing to evhttp.
bool has_blank_in_name(const Field& field) { return field.name.find_first_of(" \t") != std::string::npos; }

bool is_decimal(std::string_view text) { return !text.empty() && std::ranges::all_of(text, holdfast::is_digit); }

}  // namespace

Framing framing_of(const Request& request) {
  if (std::ranges::any_of(request.fields, has_blank_in_name)) return Framing::doubtful;
  const Found length = fields_named(request, "content-length");
  const Found coding = fields_named(request, "transfer-encoding");
  if (length.count + coding.count == 0) return Framing::clear;
  if (length.count + coding.count > 1) return Framing::doubtful;
  if (length.count == 1 && !is_decimal(length.value)) return Framing::doubtful;
  const bool known_coding = holdfast::equals_lower(coding.value, "chunked") && request.version == "1.1";
  if (coding.count == 1 && !known_coding) return Framing::doubtful;
  const bool has_content = coding.count == 1 || length.value.find_first_not_of('0') != std::string_view::npos;
  return has_content && request.method == "HEAD" ? Framing::unread : Framing::clear;
}

}  // namespace users
