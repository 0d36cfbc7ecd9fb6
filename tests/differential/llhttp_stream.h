// llhttp_stream: what llhttp in its strict mode makes of all bytes of one connection, in the words of http_stream.
#pragma once

#include <string_view>

#include "support/http_stream.h"

namespace holdfast::differential {

// Node's server does the same with an upgrade that nobody handles: it goes on reading HTTP. `reason` is llhttp's error.
testing::SeenStream llhttp_requests(std::string_view bytes);

// llhttp asks its caller whether a response has content; it is told what RFC 9112 6.3 (1) says of HEAD, 1xx, 204 and
// 304. The sender closed behind the last byte.
testing::SeenStream llhttp_responses(std::string_view bytes, bool head_request);

}  // namespace holdfast::differential
