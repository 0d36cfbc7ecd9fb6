// message: one HTTP/1.1 message, read by the letter of RFC 9112 and by nothing that Holdfast itself reads with.
//
// Whatever Holdfast sends, in either direction, must be read here without a fault: a lone CR or LF, two ways to frame
// the content, a name that is no token. What is behind the message is `rest`.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::conformance {

struct Message {
  std::string start;
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<std::pair<std::string, std::string>> trailers;
  std::string content;
  std::string rest;
  std::string fault;      // the first one; empty when there is none
  bool complete = false;  // the content ended as its framing promised
  bool chunked = false;
  int status = 0;

  bool operator==(const Message&) const = default;
};

// Values of all fields (or trailers) of that name, in order; names are compared without regard to case.
std::vector<std::string> values_of(const std::vector<std::pair<std::string, std::string>>& fields,
                                   std::string_view name);

Message read_request(std::string_view bytes);
// `head_request`: it answers HEAD. `ended`: the connection was closed in order behind these bytes.
Message read_response(std::string_view bytes, bool head_request, bool ended);

}  // namespace holdfast::conformance
