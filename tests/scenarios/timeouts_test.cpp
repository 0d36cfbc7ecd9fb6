// Every wait has a bound, kept to the millisecond; in report mode it only counts.
#include "../support/scenario.h"

namespace holdfast::testing {
namespace {

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view post = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n";
constexpr std::string_view empty_ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

// `c` has no answer just before `after` and one with `status` at it; the line says `reason`.
void expires(Scenario& s, Peer& c, holdfast::Duration after, int status, std::string_view reason) {
  s.advance(after - 1ms);
  CHECK(status_of(c.received()) == 0);
  CHECK(c.open());
  s.advance(1ms);
  const std::string answer = c.take();
  CHECK(status_of(answer) == status);
  CHECK(contains(answer, "Connection: close") == (status == 408));
  CHECK(in_line(s.last_line(), "reason") == reason);
  CHECK(in_line(s.last_line(), "status") == std::to_string(status));
  CHECK(contains(in_line(s.last_line(), "policy"), "timeouts."));
}

}  // namespace

TEST_CASE("timeouts: a head that is not complete after clientHeaders is 408") {
  Scenario s({.policies = "  timeouts: {clientHeaders: 3s}"});
  Peer& c = s.client();
  s.advance(2s);
  c.send("G");
  s.advance(2s);
  c.send("ET / HTTP/1.1\r\n");  // more bytes do not move the deadline
  expires(s, c, 1s, 408, "client_headers_slow");
  s.advance(6s);
  CHECK(c.closed());
}

TEST_CASE("timeouts: a connection that sends nothing is closed silently after clientHeaders") {
  Scenario s({.policies = "  timeouts: {clientHeaders: 3s}"});
  Peer& c = s.client();
  s.advance(2999ms);
  CHECK(c.open());
  s.advance(1ms);
  CHECK(c.closed());
  CHECK(c.received().empty());
  Peer& d = s.client();
  d.send("\r\n");
  s.advance(3s);
  CHECK(d.closed());
  CHECK(d.received().empty());
  CHECK(s.log().empty());
}

TEST_CASE("timeouts: a body that stops for clientBodyIdle is 408, and the app sees an abort") {
  Scenario s({.policies = "  timeouts: {clientBodyIdle: 4s}"});
  Peer& c = s.client();
  c.send(post);
  s.advance(3s);
  c.send("12345");
  expires(s, c, 4s, 408, "client_body_slow");
  CHECK(s.app().was_reset());
}

TEST_CASE("timeouts: other events do not move the deadline of a body") {
  Scenario s({.policies = "  timeouts: {clientBodyIdle: 4s}"});
  Peer& c = s.client();
  c.send(post);
  s.advance(3s);
  s.app().send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
  CHECK(status_of(c.take()) == 103);
  expires(s, c, 1s, 408, "client_body_slow");
}

TEST_CASE("timeouts: connecting to the app is given up after connect") {
  Scenario s({.policies = "  timeouts: {connect: 1s}"});
  s.app_is(App::hangs);
  Peer& c = s.client();
  c.send(get);
  expires(s, c, 1s, 504, "app_connect_slow");
  CHECK(c.open());
  s.app_is(App::accepts);
  CHECK(s.dialled() == 0);
}

TEST_CASE("timeouts: an app that never answers costs the client 504 after firstByte") {
  Scenario s({.policies = "  timeouts: {firstByte: 2s, request: 5s}"});
  Peer& c = s.client();
  c.send(get);
  CHECK(contains(s.app().received(), "GET /a"));
  expires(s, c, 2s, 504, "app_first_byte_slow");
  CHECK(s.app().closed());
  CHECK(c.open());
}

TEST_CASE("timeouts: firstByte starts when the last byte of the request was sent") {
  Scenario s({.policies = "  timeouts: {firstByte: 2s, request: 20s, clientBodyIdle: 15s}"});
  Peer& c = s.client();
  c.send(post);
  s.advance(5s);
  c.send("1234567890");
  expires(s, c, 2s, 504, "app_first_byte_slow");
}

TEST_CASE("timeouts: an interim response does not move firstByte") {
  Scenario s({.policies = "  timeouts: {firstByte: 2s, request: 5s}"});
  Peer& c = s.client();
  c.send(get);
  s.advance(1s);
  s.app().send("HTTP/1.1 103 Early Hints\r\n\r\n");
  CHECK(status_of(c.take()) == 103);
  expires(s, c, 1s, 504, "app_first_byte_slow");
}

TEST_CASE("timeouts: a response head that trickles is held to firstByte") {
  Scenario s({.policies = "  timeouts: {firstByte: 2s, request: 5s}"});
  Peer& c = s.client();
  c.send(get);
  s.advance(1s);
  s.app().send("HTTP/1.1 200 OK\r\nX-");
  expires(s, c, 1s, 504, "app_first_byte_slow");
}

TEST_CASE("timeouts: a kept connection without a request is closed silently after clientIdle") {
  Scenario s({.policies = "  timeouts: {clientIdle: 7s}"});
  Peer& c = s.client();
  c.send(get);
  s.app().send(empty_ok);
  CHECK(contains(c.take(), "Keep-Alive: timeout=7\r\n"));
  s.advance(6999ms);
  CHECK(c.open());
  s.advance(1ms);
  CHECK(c.closed());
  CHECK(c.received().empty());
  CHECK(s.log().size() == 1);
}

TEST_CASE("timeouts: an unused connection to the app is kept for upstreamIdle, or what the app says less one second") {
  Scenario s({.policies = "  timeouts: {upstreamIdle: 3s}"});
  Peer& c = s.client();
  c.send(get);
  s.app(0).send(empty_ok);
  s.advance(2999ms);
  CHECK(s.app(0).open());
  s.advance(1ms);
  CHECK(s.app(0).closed());
  c.send(get);
  s.app(1).send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeep-Alive: timeout=2\r\n\r\n");
  s.advance(999ms);
  CHECK(s.app(1).open());
  s.advance(1ms);
  CHECK(s.app(1).closed());
}

TEST_CASE("timeouts: in report mode nothing is cut, and each is counted once") {
  Scenario s({.policies = "  timeouts: {mode: report, clientHeaders: 1s, clientBodyIdle: 1s, connect: 100ms, "
                          "firstByte: 1s, request: 2s, "
                          "streamIdle: 1s}\n  limits: {body: 1GiB}"});
  s.app_is(App::hangs);
  Peer& c = s.client();
  c.send("POST /a HTTP/1.1\r\n");
  s.advance(5s);
  c.send("Host: a\r\n");
  s.advance(5s);
  c.send("Content-Length: 10\r\n\r\n");
  s.advance(5s);
  s.app_is(App::accepts);
  s.advance(5s);
  c.send("12345");
  s.advance(5s);
  c.send("67890");
  s.advance(5s);
  s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
  s.advance(5s);
  s.app().send("6789");
  s.advance(5s);
  s.app().send("0");
  CHECK(body_of(c.take()) == "1234567890");
  const std::string line = s.last_line();
  CHECK(in_line(line, "reason") == "ok");
  const std::string would = in_line(line, "would");
  CHECK(count_of(would, "client_headers_slow timeouts.clientHeaders") == 1);
  CHECK(count_of(would, "app_connect_slow timeouts.connect") == 1);
  CHECK(count_of(would, "app_request_slow timeouts.request") == 1);
  CHECK(count_of(would, "client_body_slow timeouts.clientBodyIdle") == 1);
  CHECK(s.metric("holdfast_policy_decisions_total{policy=\"timeouts\",outcome=\"would_enforce\"}") >= 4);
}

TEST_CASE("timeouts: in report mode the ceiling of one hour still holds") {
  Scenario s({.policies = "  timeouts: {mode: report, firstByte: 1s, request: 2s}"});
  Peer& c = s.client();
  c.send(get);
  s.advance(1h - 1ms);
  CHECK(status_of(c.received()) == 0);
  s.advance(10s);
  CHECK(status_of(c.take()) == 504);
}

TEST_CASE("timeouts: expiredStatus is the status of the slow app rows") {
  Scenario s({.policies = "  timeouts: {firstByte: 2s, request: 5s, expiredStatus: 503}"});
  Peer& c = s.client();
  c.send(get);
  s.advance(2s);
  const std::string answer = c.take();
  CHECK(status_of(answer) == 503);
  CHECK(contains(answer, "Retry-After: "));
  CHECK(in_line(s.last_line(), "reason") == "app_first_byte_slow");
}

}  // namespace holdfast::testing
