// Upgrades to websocket become tunnels; everything else that asks for an upgrade is an ordinary request.
#include "../support/scenario.h"

namespace holdfast::testing {
namespace {
constexpr std::string_view ask =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n";
constexpr std::string_view agree =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
}  // namespace

TEST_CASE("tunnels: websocket passes in both directions until an end closes, and is one line") {
  for (const std::size_t step : {SIZE_MAX, std::size_t{1}}) {
    CAPTURE(step);
    Scenario s({.policies = "  limits: {concurrency: 1, queue: 0}", .step = step});
    Peer& c = s.client();
    c.send(ask);
    CHECK(contains(s.app().take(), "Upgrade: websocket\r\n"));
    CHECK(s.in_flight() == 1);
    s.app().send(std::string(agree) + "hello from the app");
    const std::string answer = c.take();
    CHECK(answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
    CHECK(contains(answer, "Upgrade: websocket\r\n"));
    CHECK(answer.ends_with("\r\n\r\nhello from the app"));
    CHECK(s.in_flight() == 0);  // a tunnel does not count
    CHECK(s.context().counters.tunnels.load() == 1);
    c.send("hello from the client");
    CHECK(s.app().take() == "hello from the client");
    const std::size_t size = step == 1 ? 3000 : 2'000'000;  // no limit on content
    s.app().send(pattern(size));
    CHECK(c.take() == pattern(size));
    c.send(pattern(size));
    CHECK(s.app().take() == pattern(size));
    s.app().close();
    CHECK(c.closed());
    const std::string line = s.last_line();
    CHECK(in_line(line, "reason") == "ok");
    CHECK(in_line(line, "status") == "101");
    CHECK(in_line(line, "upgraded") == "true");
    CHECK(s.log().size() == 1);
  }
}

TEST_CASE("tunnels: what a client sends before the 101 waits for it") {
  Scenario s;
  Peer& c = s.client();
  c.send(std::string(ask) + "early bytes");
  CHECK(!contains(s.app().take(), "early"));
  s.app().send(agree);
  CHECK(s.app().take() == "early bytes");
}

TEST_CASE("tunnels: a client that half closes still gets what the app has to say") {
  Scenario s;
  Peer& c = s.client();
  c.send(ask);
  s.app().send(agree);
  c.take();
  c.link().to_proxy = "last words";
  c.finish();
  CHECK(contains(s.app().received(), "last words"));
  CHECK(s.app().saw_end());
  CHECK(!s.app().closed());
  s.app().send("answer");
  CHECK(c.take() == "answer");
  s.app().close();
  CHECK(c.closed());
  CHECK(in_line(s.last_line(), "reason") == "ok");
}

TEST_CASE("tunnels: a tunnel that its client resets has ended well") {
  Scenario s;
  Peer& c = s.client();
  c.send(ask);
  s.app().send(agree);
  c.take();
  c.reset();
  CHECK(!s.app().open());
  const std::string line = s.last_line();
  CHECK(in_line(line, "reason") == "ok");
  CHECK(in_line(line, "blame") == "none");
  CHECK(in_line(line, "truncated") == "false");
}

TEST_CASE("tunnels: a side that does not read stops the other, and little is held") {
  Scenario s;
  Peer& c = s.client();
  c.send(ask);
  s.app().send(agree);
  s.app().take();
  c.take();
  s.app().hold(1000);
  c.hold(1000);
  c.send(pattern(3'000'000));
  s.app().send(pattern(3'000'000));
  CHECK(c.link().to_proxy.size() > 2'500'000);
  CHECK(s.app().link().to_proxy.size() > 2'500'000);
  CHECK(s.block_bytes() <= 4 * (256U << 10U) + (8U << 10U));
  c.release();
  CHECK(c.take() == pattern(3'000'000));
  s.app().release();
  CHECK(s.app().take() == pattern(3'000'000));
}

TEST_CASE("tunnels: a tunnel in which nothing moves for streamIdle is ended; its own request deadline is gone") {
  Scenario s({.policies = "  timeouts: {request: 15s, streamIdle: 20s}"});
  Peer& c = s.client();
  c.send(ask);
  s.app().send(agree);
  for (int i = 0; i < 5; ++i) {
    s.advance(19s);
    i % 2 == 0 ? c.send("ping") : s.app().send("pong");
    REQUIRE(c.open());
  }
  s.advance(19'999ms);
  CHECK(c.open());
  s.advance(1ms);
  CHECK(!c.open());
  CHECK(!s.app().open());
  CHECK(in_line(s.last_line(), "reason") == "app_stream_idle");
}

TEST_CASE("tunnels: a tunnel ends when finish is up") {
  Scenario s;
  Peer& c = s.client();
  c.send(ask);
  s.app().send(agree);
  s.finish_begins();
  s.close_idle();
  CHECK(c.open());
  s.cut_all();
  CHECK(!c.open());
  CHECK(!s.app().open());
  CHECK(in_line(s.last_line(), "reason") == "ok");
}

TEST_CASE("tunnels: an app that declines answers as to any request") {
  Scenario s;
  Peer& c = s.client();
  c.send(ask);
  s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
  CHECK(body_of(c.take()) == "no");
  CHECK(c.open());
}

TEST_CASE("tunnels: any other upgrade is removed and the request goes on plainly") {
  for (const char* request :
       {"GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n"}) {
    Scenario s;
    Peer& c = s.client();
    c.send(request);
    CHECK(!contains(s.app().received(), "pgrade"));
    s.app().send(agree);
    CHECK(status_of(c.take()) == 502);
    CHECK(in_line(s.last_line(), "reason") == "app_bad_response");
  }
}

}  // namespace holdfast::testing
