// Hostile peers: each case is an attack that once got through, and what must come of it.
#include "../support/scenario.h"

namespace holdfast::testing {
namespace {
constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view empty_ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
}  // namespace

// 190 KiB could wait behind a head of 66 KB and were copied into a block of 64 KiB.
TEST_CASE("hostile: what waits behind a large head never outgrows its block") {
  Scenario s({.profile = "observe@1"});
  Peer& c = s.client();
  c.send("GET /a HTTP/1.1\r\nHost: a\r\nX-Fill: " + std::string(66'000, 'x'));
  std::string rest = "\r\n\r\n";
  for (int i = 0; i < 6'000; ++i) rest += get;
  c.send(rest);
  c.send(get);
  CHECK(s.app().take().starts_with("GET /a "));
  s.app().send(empty_ok);
  CHECK(status_of(c.take()) == 200);
  c.reset();
}

// A Host of 140,000 bytes made a head that no block could hold.
TEST_CASE("hostile: an authority longer than any name is refused before it grows") {
  Scenario s({.profile = "observe@1"});
  Peer& c = s.client();
  c.send("GET /a HTTP/1.1\r\nHost: " + std::string(140'000, 'a') + "\r\n\r\n");
  CHECK(status_of(c.take()) == 400);
  CHECK(s.dialled() == 0);
}

// OPTIONS answered by the proxy itself kept the connection after content without an end, and read what followed as a
// request.
TEST_CASE("hostile: nothing is read as a request behind content whose framing is broken") {
  Scenario s;
  Peer& c = s.client();
  c.send(
      "OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"
      "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(status_of(c.take()) == 204);
  c.send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(s.dialled() == 0);
  s.advance(std::chrono::seconds(6));
  CHECK(c.saw_end());
}

// A response head beyond the limit on a reused connection looked like a connection that had said nothing: DELETE went
// out twice.
TEST_CASE("hostile: a request is not sent again because the answer's head is too large") {
  Scenario s;
  Peer& c = s.client();
  c.send(get);
  s.app().take();
  s.app().send(empty_ok);
  c.take();
  c.send("DELETE /a HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(s.app(0).take().starts_with("DELETE "));
  s.app(0).send("HTTP/1.1 200 OK\r\nX-Fill: " + std::string(40'000, 'x'));
  CHECK(s.dialled() == 1);
  CHECK(status_of(c.take()) == 502);
  CHECK(in_line(s.last_line(), "reason") == "app_headers_too_large");
}

// The line said `ok` although the client left with most of the response still in our hands.
TEST_CASE("hostile: a response that its client did not take is not logged as delivered") {
  Scenario s;
  Peer& c = s.client();
  c.hold(1'000);
  c.send(get);
  s.app().take();
  s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n" + pattern(30'000));
  c.reset();
  CHECK(in_line(s.last_line(), "reason") == "client_gone");
  CHECK(in_line(s.last_line(), "truncated") == "true");
}

}  // namespace holdfast::testing
