// chunk_extension: the grammar of what may stand behind a chunk's size (RFC 9112 7.1.1), byte by byte.
//
// We know no extension and keep none. They are read exactly all the same: a line that is no chunk-size line may be one
// to somebody else.
#pragma once

#include <cstdint>

namespace holdfast::http {

enum class ExtensionPart : std::uint8_t {
  between,  // behind the size, or behind the white space behind an extension
  before_name,
  name,
  behind_name,
  before_value,
  value,
  quoted,
  escaped,
  behind_quoted,
  broken,
};

// The part that `byte` leads to, which is no CR.
ExtensionPart next_part(ExtensionPart part, char byte) noexcept;

// Whether the line may end here.
constexpr bool may_end(ExtensionPart part) noexcept {
  return part == ExtensionPart::name || part == ExtensionPart::value || part == ExtensionPart::behind_quoted;
}

}  // namespace holdfast::http
