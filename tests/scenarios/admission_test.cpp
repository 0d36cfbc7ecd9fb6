// Who may use the app, who waits, who is refused; and how often one client may ask.
#include "../support/scenario.h"

namespace holdfast::testing {
namespace {
constexpr std::string_view empty_ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
std::string get(std::string_view path) { return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n"; }
}  // namespace

TEST_CASE("admission: requests beyond the concurrency wait in order, beyond the queue they are refused at once") {
  Scenario s({.policies = "  limits: {concurrency: 1, queue: 2, queueWait: 500ms}"});
  std::vector<Peer*> c;
  for (int i = 0; i < 4; ++i) {
    c.push_back(&s.client());
    c.back()->send(get("/" + std::to_string(i)));
  }
  CHECK(s.in_flight() == 1);
  CHECK(s.queued() == 2);
  const std::string refused = c[3]->take();
  CHECK(status_of(refused) == 503);
  CHECK(contains(refused, "Retry-After: "));
  CHECK(in_line(s.last_line(), "reason") == "queue_full");
  CHECK(in_line(s.last_line(), "level") == "warn");
  CHECK(c[3]->open());
  for (int i = 0; i < 3; ++i) {
    CHECK(s.app().take().starts_with("GET /" + std::to_string(i)));
    s.app().send(empty_ok);
    CHECK(status_of(c[static_cast<std::size_t>(i)]->take()) == 200);
  }
  CHECK(s.dialled() == 1);
  CHECK(s.in_flight() == 0);
}

TEST_CASE("admission: a request that waits longer than queueWait is 503, and its place is free again") {
  Scenario s({.policies = "  limits: {concurrency: 1, queue: 1, queueWait: 500ms}"});
  Peer& a = s.client();
  a.send(get("/a"));
  Peer& b = s.client();
  b.send(get("/b"));
  s.advance(499ms);
  CHECK(b.received().empty());
  s.advance(1ms);
  CHECK(status_of(b.take()) == 503);
  CHECK(in_line(s.last_line(), "reason") == "queue_timeout");
  CHECK(contains(in_line(s.last_line(), "policy"), "limits.queueWait"));
  CHECK(s.queued() == 0);
  s.app().send(empty_ok);
  CHECK(status_of(a.take()) == 200);
}

TEST_CASE("admission: a client that leaves the queue gives its place up") {
  Scenario s({.policies = "  limits: {concurrency: 1, queue: 3}"});
  Peer& a = s.client();
  a.send(get("/a"));
  Peer& b = s.client();
  b.send(get("/b"));
  Peer& c = s.client();
  c.send(get("/c"));
  b.close();
  CHECK(in_line(s.last_line(), "reason") == "client_gone");
  CHECK(s.queued() == 1);
  s.app().take();
  s.app().send(empty_ok);
  CHECK(s.app().take().starts_with("GET /c"));
}

TEST_CASE("admission: a slot freed on one worker wakes the queue of another") {
  Scenario s({.policies = "  limits: {concurrency: 1, queue: 8, queueWait: 10s}", .workers = 3});
  Peer& a = s.client("192.0.2.1", 0);
  a.send(get("/a"));
  Peer& b = s.client("192.0.2.1", 1);
  b.send(get("/b"));
  Peer& c = s.client("192.0.2.1", 2);
  c.send(get("/c"));
  CHECK(s.dialled() == 1);
  s.app(0).send(empty_ok);
  REQUIRE(s.dialled() == 2);
  s.app(1).send(empty_ok);
  REQUIRE(s.dialled() == 3);
  s.app(2).send(empty_ok);
  for (Peer* peer : {&a, &b, &c}) CHECK(status_of(peer->take()) == 200);
}

// One wake-up stood for two freed slots: the second stayed free while a third worker waited.
TEST_CASE("admission: no slot stays free while somebody waits, however many come free at once") {
  Scenario s({.policies = "  limits: {concurrency: 2, queue: 8, queueWait: 10s}", .workers = 3});
  Peer& a = s.client("192.0.2.1", 0);
  a.send(get("/a"));
  Peer& b = s.client("192.0.2.1", 0);
  b.send(get("/b"));
  Peer& c = s.client("192.0.2.1", 1);
  c.send(get("/c"));
  Peer& d = s.client("192.0.2.1", 2);
  d.send(get("/d"));
  s.app(0).link().to_proxy = empty_ok;
  s.app(1).link().to_proxy = empty_ok;
  s.run();
  CHECK(s.dialled() == 4);
  CHECK(s.queued() == 0);
}

TEST_CASE("admission: in report mode everybody is admitted, and the lines say who would have waited") {
  Scenario s({.policies = "  limits: {mode: report, concurrency: 1, queue: 0}"});
  Peer& a = s.client();
  a.send(get("/a"));
  Peer& b = s.client();
  b.send(get("/b"));
  CHECK(s.dialled() == 2);
  s.app(1).send(empty_ok);
  CHECK(status_of(b.take()) == 200);
  CHECK(contains(in_line(s.last_line(), "would"), "queue_full limits.concurrency"));
}

TEST_CASE("admission: rateLimit lets the burst pass, then the rate, per client; 429 says when to come back") {
  Scenario s({.policies = "  rateLimit: {mode: enforce, rate: 2/s, burst: 3}"});
  Peer& c = s.client("192.0.2.1");
  int served = 0;
  const auto ask = [&](Peer& who) {
    who.send(get("/a"));
    if (!who.received().empty()) return status_of(who.take());
    s.app().send(empty_ok);
    ++served;
    return status_of(who.take());
  };
  for (int i = 0; i < 3; ++i) CHECK(ask(c) == 200);
  CHECK(ask(c) == 429);
  CHECK(in_line(s.last_line(), "reason") == "rate_limited");
  CHECK(in_line(s.last_line(), "blame") == "client");
  CHECK(c.open());
  Peer& other = s.client("192.0.2.2");
  CHECK(ask(other) == 200);
  s.advance(499ms);
  CHECK(ask(c) == 429);
  s.advance(1ms);
  CHECK(ask(c) == 200);
  CHECK(ask(c) == 429);
}

TEST_CASE("admission: above the memory bound new requests are shed as memory_pressure") {
  Scenario s;
  s.shared().block_bytes_max = 1;
  Peer& c = s.client();
  c.send(get("/a"));
  s.app().send(empty_ok);
  c.take();
  Peer& a = s.client();
  a.link().to_proxy = "POST / HT";
  s.run();  // somebody holds a block
  c.send(get("/b"));
  CHECK(contains(c.received(), "HTTP/1.1 503 "));
  CHECK(in_line(s.last_line(), "reason") == "memory_pressure");
}

}  // namespace holdfast::testing
