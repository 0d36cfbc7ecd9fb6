// forwarded: the bytes that go on for the complete messages of a connection: head rendered anew, content framed anew.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/h1_parser.h"

namespace holdfast::differential {

struct Forwarded {
  std::string bytes;
  std::vector<std::string> contents;                   // one for each message sent
  http::HeadLimits limits{1U << 17U, 400, 1U << 14U};  // that its heads keep
};

Forwarded forward_requests(std::string_view bytes);
// Up to and without a 101.
Forwarded forward_responses(std::string_view bytes, http::ResponseContext context);

}  // namespace holdfast::differential
