#include "http/chunk_extension.h"

#include "http/simd.h"

namespace holdfast::http {
namespace {

constexpr bool is_white_space(char c) noexcept { return c == ' ' || c == '\t'; }

// RFC 9110 5.6.4: what may stand behind a backslash; all of it but the quote and the backslash may stand alone.
constexpr bool is_quotable(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

// Behind a name, a value or the white space that follows one.
ExtensionPart behind(ExtensionPart white_space, char byte) noexcept {
  if (byte == ';') return ExtensionPart::before_name;
  return is_white_space(byte) ? white_space : ExtensionPart::broken;
}

}  // namespace

ExtensionPart next_part(ExtensionPart part, char byte) noexcept {
  using enum ExtensionPart;
  switch (part) {
    case between:
    case behind_quoted: return behind(between, byte);
    case before_name:
      if (is_white_space(byte)) return before_name;
      return is_token_character(byte) ? name : broken;
    case name:
      if (is_token_character(byte)) return name;
      [[fallthrough]];
    case behind_name: return byte == '=' ? before_value : behind(behind_name, byte);
    case before_value:
      if (is_white_space(byte)) return before_value;
      if (byte == '"') return quoted;
      return is_token_character(byte) ? value : broken;
    case value: return is_token_character(byte) ? value : behind(between, byte);
    case quoted:
      if (byte == '"') return behind_quoted;
      if (byte == '\\') return escaped;
      return is_quotable(byte) ? quoted : broken;
    case escaped: return is_quotable(byte) ? quoted : broken;
    case broken: break;
  }
  return broken;
}

}  // namespace holdfast::http
