// framing: whether the content of a request ended where evhttp saw its end (RFC 9112 6.3 and 11.2).
//
// evhttp is lenient: it takes the first of two lengths, passes over a coding that it does not know and does not read
// the content of HEAD. What it leaves unread it would take for the next request of whoever shares the connection.
#pragma once

#include <cstdint>

#include "backend/http_message.h"

namespace users {

// `unread`: the connection must end after the reply. `doubtful`: so must it, and the request must not be carried out.
enum class Framing : std::uint8_t { clear, unread, doubtful };

Framing framing_of(const Request& request);

}  // namespace users
