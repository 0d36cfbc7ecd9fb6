// http_stream: what our parser and content decoder make of all bytes of one connection, message by message.
//
// For tests that compare whole connections: with another parser, or what went into a proxy with what came out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/h1_parser.h"

namespace holdfast::testing {

struct SeenField {
  std::string name;
  std::string value;
  friend bool operator==(const SeenField&, const SeenField&) = default;
};

// A message whose head was read. With `complete` all of its content was, too.
struct SeenMessage {
  std::string method;  // of a request
  std::string target;  // as received
  std::string path;    // as it is forwarded
  int status = 0;      // of a response
  std::vector<SeenField> fields;
  std::vector<SeenField> trailers;
  std::string content;
  http::Framing framing = http::Framing::none;
  bool keep_alive = true;
  bool upgrade = false;
  bool complete = false;
  std::size_t begin = 0;  // of the first byte that is no empty line
};

enum class StreamEnd : std::uint8_t {
  clean,       // between two messages
  incomplete,  // inside a message
  refused,     // `reason` says why
  closed,      // the last message ends the connection; what is behind it belongs to nobody
  tunnel,      // a 101: what is behind it is not HTTP
};

struct SeenStream {
  std::vector<SeenMessage> messages;
  StreamEnd end = StreamEnd::clean;
  std::string reason;
};

// `eof`: the sender closed in order behind the last byte, which completes a response without a length.
SeenStream read_requests(std::string_view bytes, const http::HeadLimits& limits = {});
SeenStream read_responses(std::string_view bytes, http::ResponseContext context, bool eof = true);

// The members of `lines`, each with its CRLF.
std::vector<SeenField> fields_of(std::string_view lines);

}  // namespace holdfast::testing
