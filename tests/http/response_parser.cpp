// What the response parser accepts, and how a response is framed. Every input is parsed whole and in pieces
// (parsing.h).
#include "http/parsing.h"

namespace holdfast::http {
namespace {

using namespace std::string_literals;

std::string ok(const std::string& fields, const std::string& line = "HTTP/1.1 200 OK") {
  return line + "\r\n" + fields + (fields.empty() ? "\r\n" : "\r\n\r\n");
}

void refuses(const std::string& input, std::string_view rule, ResponseContext context = {}) {
  Response r;
  r.context = context;
  const Outcome o = r.parse(input);
  INFO("input: ", input);
  CHECK(o.progress == Progress::failed);
  CHECK(o.reason == Reason::upstream_bad_response);
  CHECK(o.rule == rule);
}

std::unique_ptr<Response> parsed(const std::string& input, ResponseContext context = {}) {
  auto r = std::make_unique<Response>();
  r->context = context;
  INFO("input: ", input);
  const Outcome o = r->parse(input);
  INFO("rule: ", o.rule);
  REQUIRE(o.progress == Progress::done);
  return r;
}

}  // namespace

TEST_CASE("a status line has a known version, three digits and any text") {
  CHECK(parsed(ok(""))->head.status == 200);
  const auto odd = parsed("HTTP/1.1 299 Very odd\t\xe9\r\n\r\n");
  CHECK(odd->head.text(odd->head.reason) == "Very odd\t\xe9");
  CHECK(parsed("HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n")->head.content_length == 5);
  CHECK(parsed("HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n")->head.content_length == 5);
  CHECK(parsed("HTTP/1.0 599 x\r\n\r\n")->head.version == Version::http10);
  for (const char* bad : {"ICY 200 OK", "HTTP/2.0 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 abc OK",
                          "http/1.1 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1\t200 OK", "hello world, no status line",
                          "HTTP/1.1 200-OK", "\r\nHTTP/1.1 200 OK", "HTTP/1.10 200 OK"}) {
    refuses(ok("", bad), "status line");
  }
  refuses(ok("", "HTTP/1.2 200 OK"), "HTTP version");
  for (const char* bad : {"HTTP/1.1 099 x", "HTTP/1.1 600 x", "HTTP/1.1 000 x", "HTTP/1.1 999 x"})
    refuses(ok("", bad), "status code");
  refuses("HTTP/1.1 200 a\rX: y\r\n\r\n", "bare CR");
  refuses("HTTP/1.1 200 OK\nContent-Length: 5\n\n", "bare LF");
  refuses("HTTP/1.1 200 O\0K\r\n\r\n"s, "control character");
}

TEST_CASE("response fields follow the same grammar as request fields") {
  refuses(ok("X-A : 1"), "white space before the colon");
  refuses(ok("X-A: 1\r\n 2"), "white space at the start of a field line");
  refuses(ok(" X-A: 1"), "white space at the start of a field line");
  refuses(ok("NoColonHere"), "field line without a colon");
  refuses(ok("X-A: a\rSet-Cookie: evil=1"), "bare CR");
  refuses(ok("X-A: a\0b"s), "control character");
}

TEST_CASE("response framing: length, chunked, or until the connection closes") {
  const auto length = parsed(ok("Content-Length: 5"));
  CHECK(length->head.framing == Framing::length);
  CHECK(length->head.has_length);
  CHECK(length->head.keep_alive);
  CHECK(parsed(ok("Transfer-Encoding: Chunked"))->head.framing == Framing::chunked);
  const auto close = parsed(ok("Connection: keep-alive"));
  CHECK(close->head.framing == Framing::until_close);
  CHECK_FALSE(close->head.keep_alive);
  CHECK_FALSE(parsed(ok("Content-Length: 5\r\nConnection: close"))->head.keep_alive);
  CHECK_FALSE(parsed(ok("Content-Length: 5", "HTTP/1.0 200 OK"))->head.keep_alive);
  CHECK(parsed(ok("Content-Length: 5\r\nConnection: keep-alive", "HTTP/1.0 200 OK"))->head.keep_alive);
  CHECK(parsed(ok("Content-Length: 5\r\nKeep-Alive: max=7, timeout=4"))->head.keep_alive_timeout == 4);
  CHECK(parsed(ok("Content-Length: 5\r\nKeep-Alive: timeout=x4"))->head.keep_alive_timeout == 0);

  for (const char* bad : {"5, 6", "abc", "-1", "+5", "18446744073709551621", "5 5", ""}) {
    refuses(ok("Content-Length: "s + bad), "content-length is not one number");
  }
  refuses(ok("Content-Length: 5\r\nContent-Length: 10"), "more than one content-length");
  refuses(ok("Content-Length: 5\r\nContent-Length: 5"), "more than one content-length");
  refuses(ok("Content-Length: 3\r\nTransfer-Encoding: chunked"), "content-length and transfer-encoding together");
  for (const char* bad : {"xchunked", "identity", "gzip, chunked"})
    refuses(ok("Transfer-Encoding: "s + bad), "transfer-encoding is not exactly chunked");
  refuses(ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), "more than one transfer-encoding");
  refuses(ok("Transfer-Encoding: chunked", "HTTP/1.0 200 OK"), "transfer-encoding in HTTP/1.0");
}

TEST_CASE("HEAD, 204, 304 and interim responses have no content") {
  const auto head = parsed(ok("Content-Length: 100"), {true, false});
  CHECK(head->head.framing == Framing::none);
  CHECK(head->head.has_length);
  CHECK(head->head.content_length == 100);
  CHECK(parsed(ok("Transfer-Encoding: chunked"), {true, false})->head.framing == Framing::none);
  CHECK(parsed(ok(""), {true, false})->head.keep_alive);
  const auto not_modified = parsed(ok("Content-Length: 100", "HTTP/1.1 304 Not Modified"));
  CHECK(not_modified->head.framing == Framing::none);
  CHECK(not_modified->head.content_length == 100);
  CHECK(not_modified->head.keep_alive);
  CHECK(parsed(ok("Content-Length: 0", "HTTP/1.1 204 No Content"))->head.keep_alive);
  CHECK_FALSE(parsed(ok("Content-Length: 7", "HTTP/1.1 204 No Content"))->head.keep_alive);
  CHECK_FALSE(parsed(ok("Transfer-Encoding: chunked", "HTTP/1.1 204 No Content"))->head.keep_alive);
  CHECK(parsed(ok("Link: </x>", "HTTP/1.1 103 Early Hints"))->head.framing == Framing::none);
  refuses(ok("Content-Length: 0", "HTTP/1.1 100 Continue"), "framing in an interim response");
}

TEST_CASE("a 101 must have been asked for and must name websocket") {
  const std::string websocket = ok("Connection: Upgrade\r\nUpgrade: websocket", "HTTP/1.1 101 Switching Protocols");
  CHECK(parsed(websocket, {false, true})->head.upgrade_websocket);
  refuses(websocket, "upgrade that was not asked for");
  refuses(ok("Connection: Upgrade\r\nUpgrade: h2c", "HTTP/1.1 101 x"), "upgrade that was not asked for", {false, true});
  refuses(ok("Connection: Upgrade", "HTTP/1.1 101 x"), "upgrade that was not asked for", {false, true});
}

TEST_CASE("a response head has limits too") {
  Response r;
  r.limits = {100, 2, 50};
  CHECK(r.parse(ok("A: 1\r\nB: 2")).progress == Progress::done);
  CHECK(r.parse(ok("A: 1\r\nB: 2\r\nC: 3")).reason == Reason::upstream_headers_too_large);
  CHECK(r.parse(ok("A: " + std::string(100, 'v'))).reason == Reason::upstream_headers_too_large);
  CHECK(r.parse("HTTP/1.1 200 " + std::string(100, 'v')).reason == Reason::upstream_headers_too_large);
}

}  // namespace holdfast::http
