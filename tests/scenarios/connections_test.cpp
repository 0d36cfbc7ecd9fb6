// Connections: re-sending, the pool, keep-alive, lingering, limits on connections, drain.
#include "../support/scenario.h"

namespace holdfast::testing {
namespace {
constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view post = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab";
constexpr std::string_view empty_ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

// One answered request, so that the connection to the app is in the pool.
Peer& warm(Scenario& s) {
  Peer& c = s.client();
  c.send(get);
  s.app().take();
  s.app().send(empty_ok);
  c.take();
  return c;
}
}  // namespace

TEST_CASE("connections: a GET on a reused connection that died is sent once more on a new one") {
  for (const bool reset : {false, true}) {
    Scenario s;
    Peer& c = warm(s);
    c.send(get);
    CHECK(s.dialled() == 1);
    reset ? s.app(0).reset() : s.app(0).close();
    REQUIRE(s.dialled() == 2);
    CHECK(s.app(1).take().starts_with("GET /a "));
    s.app(1).send(empty_ok);
    CHECK(status_of(c.take()) == 200);
    CHECK(contains(s.last_line(), "\"resent\":true"));
    CHECK(in_line(s.last_line(), "reason") == "ok");
  }
}

TEST_CASE("connections: a request is sent twice at most") {
  Scenario s;
  Peer& c = warm(s);
  c.send(get);
  s.app(0).close();
  REQUIRE(s.dialled() == 2);
  s.app(1).close();
  CHECK(s.dialled() == 2);
  CHECK(status_of(c.take()) == 502);
  CHECK(in_line(s.last_line(), "reason") == "app_reset");
}

TEST_CASE("connections: a request on a new connection that dies is not sent again") {
  Scenario s;
  Peer& c = s.client();
  c.send(get);
  s.app(0).close();
  CHECK(s.dialled() == 1);
  CHECK(status_of(c.take()) == 502);
}

TEST_CASE("connections: a request is not sent again once the app said anything") {
  for (const char* said : {"H", "HTTP/1.1 103 Early Hints\r\n\r\n"}) {
    Scenario s;
    Peer& c = warm(s);
    c.send(get);
    s.app(0).send(said).close();
    CHECK(s.dialled() == 1);
    CHECK(contains(c.take(), "HTTP/1.1 502 "));
  }
}

TEST_CASE("connections: a POST is never sent twice") {
  for (const bool with_content : {false, true}) {
    Scenario s;
    Peer& c = warm(s);
    c.send(with_content ? post : "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    CHECK(s.dialled() == 1);
    s.app(0).close();
    CHECK(s.dialled() == 1);
    CHECK(status_of(c.take()) == 502);
  }
}

TEST_CASE("connections: a POST takes only a connection that is idle for under 500 ms and has nothing pending") {
  Scenario s;
  Peer& c = warm(s);
  s.advance(499ms);
  c.send(post);
  CHECK(s.dialled() == 1);
  s.app(0).send(empty_ok);
  s.advance(500ms);
  c.send(post);
  REQUIRE(s.dialled() == 2);
  s.app(1).send(empty_ok);
  c.take();
  CHECK(in_line(s.last_line(), "reason") == "ok");
}

TEST_CASE("connections: establishing is tried twice") {
  Scenario s;
  Peer& c = warm(s);
  s.app(0).close();
  s.app_is(App::hangs);
  c.send(get);
  s.app_is(App::refuses);
  CHECK(status_of(c.take()) == 502);
  CHECK(in_line(s.last_line(), "reason") == "app_refused");
  CHECK(s.context().counters.connects_refused.load() == 2);
}

TEST_CASE("connections: the app's Connection: close is obeyed") {
  Scenario s;
  Peer& c = s.client();
  c.send(get);
  s.app(0).send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  CHECK(!s.app(0).open());
  CHECK(c.open());
  c.send(get);
  CHECK(s.dialled() == 2);
}

TEST_CASE("connections: the last of requestsPerConnection says close, and the connection closes in order") {
  Scenario s({.policies = "  limits: {requestsPerConnection: 2}"});
  Peer& c = s.client();
  c.send(get);
  s.app().send(empty_ok);
  CHECK(!contains(c.take(), "Connection: close"));
  c.send(get);
  s.app().send(empty_ok);
  CHECK(contains(c.take(), "Connection: close\r\n"));
  CHECK(c.closed());
  Scenario t({.policies = "  limits: {mode: report, requestsPerConnection: 1}"});
  Peer& d = t.client();
  d.send(get);
  t.app().send(empty_ok);
  CHECK(d.open());
}

TEST_CASE("connections: a client's Connection: close is obeyed") {
  Scenario s;
  Peer& c = s.client();
  c.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  s.app().send(empty_ok);
  CHECK(contains(c.take(), "Connection: close\r\n"));
  CHECK(c.closed());
}

TEST_CASE("connections: bytes behind the last request do not turn its response into a reset") {
  Scenario s;
  Peer& c = s.client();
  c.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
  s.app().send(empty_ok);
  CHECK(status_of(c.take()) == 200);
  CHECK(c.saw_end());
  CHECK(!c.was_reset());
  c.close();
  CHECK(c.closed());
  CHECK(s.log().size() == 1);
}

TEST_CASE("connections: a refused upload is read on until its end, 1 s of silence, 5 s, or 16 MiB") {
  Scenario s({.policies = "  limits: {body: 1KiB}"});
  const std::string refused = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n";
  Peer& silent = s.client();
  silent.send(refused);
  CHECK(status_of(silent.received()) == 413);
  CHECK(silent.saw_end());
  s.advance(999ms);
  CHECK(!silent.closed());
  s.advance(1ms);
  CHECK(silent.closed());

  Peer& busy = s.client();
  busy.send(refused);
  for (int i = 0; i < 9; ++i) {
    s.advance(500ms);
    busy.send("x");
    REQUIRE(!busy.closed());
  }
  s.advance(499ms);
  CHECK(!busy.closed());
  s.advance(1ms);
  CHECK(busy.closed());

  Peer& large = s.client();
  large.send(refused);
  large.send(std::string((16U << 20U) - 1, 'x'));
  CHECK(!large.closed());
  large.send("xy");
  CHECK(!large.open());
  CHECK(large.link().proxy_closed);
  CHECK(s.log().size() == 3);
}

TEST_CASE("connections: at most 256 connections linger, the oldest is closed first") {
  Scenario s({.policies = "  limits: {body: 1KiB}"});
  std::vector<Peer*> peers;
  for (int i = 0; i < 257; ++i) {
    peers.push_back(&s.client());
    peers.back()->send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
  }
  CHECK(peers[0]->closed());
  CHECK(!peers[1]->closed());
  CHECK(s.shared().lingering.in_use() == 256);
}

TEST_CASE("connections: beyond the limit a connection is told 503, and far beyond it is reset") {
  Scenario s({.policies = "  limits: {connections: 2}"});
  s.client();
  s.client();
  Peer& third = s.client();
  third.send(get);
  const std::string answer = third.take();
  CHECK(status_of(answer) == 503);
  CHECK(contains(answer, "Retry-After: "));
  CHECK(contains(answer, "Connection: close\r\n"));
  CHECK(in_line(s.last_line(), "reason") == "too_many_connections");
  CHECK(s.dialled() == 0);
  CHECK(!third.open());
  for (int i = 0; i < 32; ++i) s.client();
  CHECK(s.client().was_reset());
}

TEST_CASE("connections: connectionsPerClient counts an IPv6 client as its /64, and frees what it took") {
  Scenario s({.policies = "  limits: {connectionsPerClient: 1}"});
  Peer& a = s.client("2001:db8::1");
  Peer& b = s.client("2001:db8::ffff:2");
  Peer& other = s.client("2001:db8:0:1::1");
  b.send(get);
  CHECK(status_of(b.take()) == 503);
  other.send(get);
  CHECK(s.dialled() == 1);
  a.close();
  Peer& again = s.client("2001:db8::3");
  again.send(get);
  CHECK(s.dialled() == 2);
}

TEST_CASE("connections: a client over connectionsPerClient cannot take the places of others by saying nothing") {
  Scenario s({.policies = "  limits: {connectionsPerClient: 1, connections: 40}"});
  for (int i = 0; i < 200; ++i) s.client("198.51.100.9");
  CHECK(s.shared().connections.in_use() == 33);
  Peer& other = s.client("192.0.2.7");
  other.send(get);
  CHECK(s.dialled() == 1);
}

TEST_CASE("connections: while finishing, responses say close and idle connections go when they are quiet") {
  Scenario s;
  Peer& idle = warm(s);
  Peer& busy = s.client();
  busy.send(get);
  s.advance(400ms);
  s.finish_begins();
  s.close_idle();
  CHECK(idle.open());  // it may be sending its next request right now
  s.advance(200ms);
  s.close_idle();
  CHECK(idle.closed());
  CHECK(busy.open());
  s.app(0).send(empty_ok);
  CHECK(contains(busy.take(), "Connection: close\r\n"));
  CHECK(busy.closed());
}

TEST_CASE("connections: a request that arrives while idle connections are closed is served") {
  Scenario s;
  Peer& c = warm(s);
  s.advance(1s);
  s.finish_begins();
  c.link().to_proxy = get;  // arrived, not read yet
  s.close_idle();
  CHECK(c.open());
  s.app(0).send(empty_ok);
  CHECK(contains(c.take(), "Connection: close\r\n"));
}

TEST_CASE("connections: an app that is gone while draining is `draining`, not the app's fault") {
  Scenario s;
  Peer& c = warm(s);
  s.app(0).close();
  s.drain_begins();
  s.app_is(App::refuses);
  c.send(get);
  CHECK(status_of(c.take()) == 503);
  CHECK(in_line(s.last_line(), "reason") == "draining");
  CHECK(in_line(s.last_line(), "blame") == "sidecar");
}

TEST_CASE("connections: what is left at the end of finish is cut and blamed on nobody else") {
  Scenario s;
  Peer& waiting = s.client();
  waiting.send(get);
  Peer& streaming = s.client();
  streaming.send(get);
  s.app(1).send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
  s.finish_begins();
  s.cut_all();
  CHECK(!waiting.open());
  CHECK(!streaming.open());
  CHECK(status_of(waiting.received()) == 503);
  for (const std::string& line : s.log()) CHECK(in_line(line, "reason") == "draining");
  CHECK(s.in_flight() == 0);
}

}  // namespace holdfast::testing
