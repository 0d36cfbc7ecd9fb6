// trailers: which fields may come behind the content (RFC 9110 6.5).
//
// Trailers are kept apart from the head and forwarded as they came, except for names that change how a message is
// framed, routed, authenticated or read: copy_trailers leaves those out (RFC 9110 6.5.1).
#pragma once

#include <string_view>

namespace holdfast::http {

// The rule that a complete line (with its CRLF, not the empty one) breaks, a string literal; null when it is a field
// line.
const char* check_trailer_line(std::string_view line) noexcept;

}  // namespace holdfast::http
