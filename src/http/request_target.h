// request_target: the four forms of a request target (RFC 9112 3.2) and what an authority may look like (RFC 3986 3.2).
#pragma once

#include <string_view>

#include "http/head.h"

namespace holdfast::http {

// host [ ":" port ]: a registered name, an IPv4 address or a bracketed IPv6 one, never empty; the port may be empty or
// 0 to 65535.
bool is_authority(std::string_view text) noexcept;

// Fills what `head` knows from its target (already free of white space, controls and '#'). Returns the broken rule or
// null.
const char* read_target(RequestHead& head) noexcept;

}  // namespace holdfast::http
