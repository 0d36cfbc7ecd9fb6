// request_codings: RFC 9112 6.1 and 6.3: Transfer-Encoding in requests.
#include "tables.h"

namespace holdfast::conformance {
namespace {

using namespace std::string_literals;

constexpr std::string_view last_chunk = "0\r\n\r\n";

Refused refused_coding(std::string_view value) {
  return refused(post("Transfer-Encoding: " + std::string(value) + "\r\n", last_chunk));
}

Rows codings() {
  return {
      {"9112 7.1", Level::must, "Chunked content of a request is understood.",
       forwarded(chunked_post("5\r\nhello\r\n0\r\n\r\n"), {field("Transfer-Encoding", "chunked"), chunked("hello")})},
      {"9112 7", Level::must, "The name of a coding is case-insensitive.",
       forwarded(post("Transfer-Encoding: CHUNKed\r\n", "5\r\nhello\r\n0\r\n\r\n"),
                 {field("Transfer-Encoding", "chunked"), chunked("hello")})},
      {"9110 5.5", Level::must, "White space around the coding is no part of it.",
       forwarded(post("Transfer-Encoding:\t chunked \r\n", "5\r\nhello\r\n0\r\n\r\n"), {chunked("hello")})},
      {"9112 6.1", Level::must_not, "Content-Length is never sent beside Transfer-Encoding.",
       forwarded(chunked_post("5\r\nhello\r\n0\r\n\r\n"), {absent("Content-Length")})},
      {"9112 6.1", Level::may, "Content-Length and Transfer-Encoding together are refused.",
       refused(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", last_chunk))},
      {"9112 6.1", Level::may, "Transfer-Encoding and Content-Length together are refused, in this order as well.",
       refused(post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", last_chunk))},
      {"9112 6.1", Level::may, "Both are refused also when the length is that of the chunks.",
       refused(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", last_chunk))},
      {"9112 6.1", Level::must, "Transfer-Encoding in HTTP/1.0 is faulty framing.",
       refused("POST /a HTTP/1.0\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
      {"9112 6.1", Level::must, "Transfer-Encoding in HTTP/1.0 is faulty framing even beside Content-Length.",
       refused("POST /a HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\nContent-Length: 5\r\n"
               "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
      {"9112 6.3", Level::must, "A coding other than chunked at the end leaves no length: 400.",
       refused_coding("gzip")},
      {"9112 6.3", Level::must, "Chunked that is not the last coding leaves no length: 400.",
       refused_coding("chunked, gzip")},
      {"9112 6.1", Level::must_not, "Chunked is not applied twice: in one field.", refused_coding("chunked, chunked")},
      {"9112 6.1", Level::must_not, "Chunked is not applied twice: in two fields.",
       refused(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", last_chunk))},
      {"9112 6.3", Level::must, "A field that takes the coding of another back leaves no length: 400.",
       refused(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", last_chunk))},
      {"9112 6.1",
       Level::should,
       "A coding that is not understood in front of chunked is answered with 501.",
       refused_coding("gzip, chunked"),
       {"400 `bad_request`, closed",
        "Like all faulty framing: the answer does not depend on how much of it would have been understood."}},
      {"9112 7", Level::must, "A coding whose name only looks like chunked is another.", refused_coding("xchunked")},
      {"9112 7", Level::must, "A coding whose name only begins like chunked is another.", refused_coding("chunkedx")},
      {"9112 7", Level::must, "`identity` is no transfer coding.", refused_coding("identity")},
      {"9112 7", Level::must, "An empty Transfer-Encoding is no coding.", refused_coding("")},
      {"9112 7", Level::must, "A quoted name is no coding.", refused_coding("\"chunked\"")},
      {"9112 7.1", Level::should, "Parameters of chunked are an error.", refused_coding("chunked;q=1")},
      {"9112 7", Level::must, "A vertical tab does not end the name of a coding.", refused_coding("chunked\v")},
      {"9112 7", Level::must, "A vertical tab does not begin the name of a coding.", refused_coding("\vchunked")},
      {"9112 7", Level::must, "NUL does not end the name of a coding.", refused_coding("chunked\0"s)},
      {"9112 7", Level::must, "A byte above 127 does not end the name of a coding.", refused_coding("chunked\xa0")},
      {"9110 5.6.1",
       Level::must,
       "Empty members of a list are ignored, in Transfer-Encoding as anywhere.",
       refused_coding(",chunked"),
       {"400 `bad_request`, closed",
        "What one recipient skips, another takes for a coding. Here the field has one value or none."}},
      {"9112 5.1", Level::must, "Transfer-Encoding behind NUL in its name is no field.",
       refused(post("Transfer-Encoding\0: chunked\r\n"s, last_chunk))},
      {"9112 6.3", Level::must, "A field that only looks like Transfer-Encoding frames nothing.",
       forwarded(post("Transfer_Encoding: chunked\r\nX-Transfer-Encoding: chunked\r\n"),
                 {content(""), field("Content-Length", "0")})},
      {"9112 6.1", Level::must, "Connection cannot take Transfer-Encoding away.",
       forwarded(post("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
                 {chunked("hello")})},
      {"9110 15.5.14",
       Level::must,
       "Chunked content that grows above the limit is answered with 413.",
       aborted(chunked_post("401\r\n" + std::string(1025, 'x') + "\r\n0\r\n\r\n"), "body_too_large"),
       {},
       "  limits: {body: 1KiB}"},
  };
}

}  // namespace

Rows request_codings() { return codings(); }

TEST_CASE("conformance: request codings") { check_rows(request_codings()); }

}  // namespace holdfast::conformance
