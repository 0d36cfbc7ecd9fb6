// static_head: a response head of our own making, in the same form as a received one.
#pragma once

#include <string_view>

#include "http/head.h"

namespace holdfast::proxy {

// Fills `head` from `text`, a whole head that outlives it. Framing is the caller's to say. A text that is no head is a
// broken invariant.
void static_head(http::ResponseHead& head, std::string_view text);

}  // namespace holdfast::proxy
