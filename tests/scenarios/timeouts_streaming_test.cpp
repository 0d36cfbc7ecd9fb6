// The bounds of content under way: the whole request, silence in a stream, and a client that reads too slowly.
#include "../support/scenario.h"

namespace holdfast::testing {
namespace {

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view post = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n";

}  // namespace

TEST_CASE("timeouts: a response that takes longer than request is cut, and the line says so") {
  Scenario s({.policies = "  timeouts: {firstByte: 2s, request: 5s}"});
  Peer& c = s.client();
  c.send(get);
  s.advance(1s);
  s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
  s.advance(3999ms);
  CHECK(c.open());
  s.advance(1ms);
  CHECK(c.closed());
  CHECK(body_of(c.take()) == "12345");
  CHECK(in_line(s.last_line(), "reason") == "app_request_slow");
  CHECK(in_line(s.last_line(), "status") == "200");
  CHECK(in_line(s.last_line(), "truncated") == "true");
}

TEST_CASE("timeouts: the deadline of the request stands still while the client is waited for") {
  Scenario s({.policies = "  timeouts: {firstByte: 2s, request: 5s, clientBodyIdle: 15s}"});
  Peer& c = s.client();
  c.send(post);
  s.advance(12s);  // uploading
  CHECK(status_of(c.received()) == 0);
  c.send("1234567890");
  s.advance(1s);
  s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
  c.take();
  c.hold(100);
  s.app().send(pattern(1000));
  s.advance(13s);  // the client does not read
  CHECK(c.open());
  c.release();
  s.advance(3999ms);
  CHECK(c.open());
  s.advance(1ms);
  CHECK(!c.open());
  CHECK(in_line(s.last_line(), "reason") == "app_request_slow");
}

TEST_CASE("timeouts: a response that stops for streamIdle is cut") {
  Scenario s({.policies = "  timeouts: {firstByte: 2s, request: 50s, streamIdle: 3s}"});
  Peer& c = s.client();
  c.send(get);
  s.app().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  s.advance(2s);
  s.app().send("5\r\nhello\r\n");
  s.advance(2999ms);
  CHECK(c.open());
  s.advance(1ms);
  CHECK(c.closed());
  CHECK(!c.take().ends_with("0\r\n\r\n"));
  CHECK(in_line(s.last_line(), "reason") == "app_stream_idle");
  CHECK(in_line(s.last_line(), "truncated") == "true");
}

TEST_CASE("timeouts: an app that stops reading the request is app_stream_idle, never the client's fault") {
  Scenario s(
      {.policies =
           "  timeouts: {firstByte: 2s, request: 50s, streamIdle: 6s, clientBodyIdle: 2s}\n  limits: {body: 1GiB}"});
  Peer& c = s.client();
  c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
  s.app().hold(10'000);
  c.send(pattern(1'000'000));
  s.advance(5999ms);
  CHECK(status_of(c.received()) == 0);
  s.advance(1ms);
  CHECK(status_of(c.take()) == 504);
  CHECK(in_line(s.last_line(), "reason") == "app_stream_idle");
}

TEST_CASE("timeouts: server-sent events leave the deadline of the request and come under streamIdle") {
  Scenario s({.policies = "  timeouts: {firstByte: 2s, request: 5s, streamIdle: 10s}"});
  Peer& c = s.client();
  c.send(get);
  s.app().send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
  for (int i = 0; i < 20; ++i) {
    s.advance(9s);
    s.app().send("data: 1\n\n");
    REQUIRE(c.open());
  }
  CHECK(count_of(c.received(), "data: 1") == 20);
  s.advance(10s);
  CHECK(c.closed());
  CHECK(in_line(s.last_line(), "reason") == "app_stream_idle");
}

TEST_CASE("timeouts: a client that takes nothing for streamIdle, or less than 512 B/s over 20 s, is client_read_slow") {
  for (const bool trickles : {false, true}) {
    CAPTURE(trickles);
    Scenario s({.policies = "  timeouts: {firstByte: 2s, request: 5s, streamIdle: 10s}"});
    Peer& c = s.client();
    c.hold(1000);
    c.send(get);
    s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + pattern(60000));
    for (int i = 0; i < 19; ++i) {
      s.advance(trickles ? 1s : 500ms);
      REQUIRE(c.open());
      if (trickles) c.read(500);
    }
    s.advance(trickles ? 999ms : 499ms);
    CHECK(c.open());
    s.advance(1ms);
    CHECK(!c.open());
    CHECK(in_line(s.last_line(), "reason") == "client_read_slow");
    CHECK(in_line(s.last_line(), "blame") == "client");
    CHECK(in_line(s.last_line(), "truncated") == "true");
  }
}

TEST_CASE("timeouts: a client that takes 600 B/s is served to the end") {
  Scenario s({.policies = "  timeouts: {firstByte: 2s, request: 5s, streamIdle: 10s}"});
  Peer& c = s.client();
  c.hold(600);
  c.send(get);
  s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + pattern(60000));
  for (int i = 0; i < 110; ++i) {
    s.advance(1s);
    c.read();
  }
  CHECK(body_of(c.received()) == pattern(60000));
  CHECK(in_line(s.last_line(), "reason") == "ok");
}

TEST_CASE("timeouts: an upload that trickles is ended as client_body_slow, one that is merely slow goes on") {
  for (const std::size_t each : {std::size_t{1}, std::size_t{8192}}) {
    CAPTURE(each);
    Scenario s;
    Peer& c = s.client();
    c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n");
    for (int i = 0; i < 6 && c.open(); ++i) {
      s.advance(10s);
      c.send(std::string(each, 'x'));
    }
    CHECK(c.open() == (each > 1));
    if (each > 1) continue;
    CHECK(status_of(c.take()) == 408);
    CHECK(in_line(s.last_line(), "reason") == "client_body_slow");
    CHECK(in_line(s.last_line(), "cause") == "slower than 512 B/s over 20 s");
  }
}

TEST_CASE("timeouts: the wait for one upload does not count against those after it") {
  Scenario s;
  Peer& c = s.client();
  for (int i = 0; i < 15; ++i) {
    CAPTURE(i);
    c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
    s.advance(2s);
    c.send("xxxx");
    s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(status_of(c.take()) == 200);
  }
}

TEST_CASE("timeouts: an upload that the app holds up is not the client's fault") {
  Scenario s({.policies = "  timeouts: {request: 10m, streamIdle: 30s}"});
  Peer& c = s.client();
  c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n");
  s.app().hold(2);
  for (int i = 0; i < 12; ++i) {
    c.send("xxxx");
    s.advance(4s);
    s.app().read();
  }
  CHECK(c.open());
}

}  // namespace holdfast::testing
