// routes: how a path is compared with the patterns of routes (RFC 3986 6.2.2).
//
// Only for matching: the bytes that are forwarded stay as they came.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace holdfast::http {

// The path with unreserved escapes decoded, other escapes in upper case, slashes merged and dot segments resolved,
// written to `out` (needs path.size() + 1 bytes). Begins with a slash, except for "*". Empty when `out` is too small.
std::string_view normalised_path(std::string_view path, std::span<char> out) noexcept;

// A pattern such as /users/*/posts or /events/*: `*` is one whole segment, at the end the rest (at least one byte
// behind the slash, any number of segments). Without `*` the path must be equal.
class PathPattern {
 public:
  // Nothing when `text` does not begin with a slash or has a `*` inside a segment.
  static std::optional<PathPattern> parse(std::string_view text);

  bool matches(std::string_view normalised) const noexcept;
  const std::string& text() const noexcept { return text_; }

 private:
  explicit PathPattern(std::string text) noexcept : text_(std::move(text)) {}
  std::string text_;  // normalised
};

}  // namespace holdfast::http
