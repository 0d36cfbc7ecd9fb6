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

TEST_CASE("admission: while memory is short one request at a time is served and any more are shed as memory_pressure") {
  Scenario s;
  s.shared().memory_short = true;
  Peer& c = s.client();
  c.send(get("/a"));
  CHECK(s.in_flight() == 1);
  Peer& other = s.client();
  other.send(get("/b"));
  const std::string refused = other.take();
  CHECK(status_of(refused) == 503);
  CHECK(contains(refused, "Retry-After: "));
  CHECK(in_line(s.last_line(), "reason") == "memory_pressure");
  CHECK(in_line(s.last_line(), "blame") == "sidecar");
  s.app().send(empty_ok);
  CHECK(status_of(c.take()) == 200);
  other.send(get("/b"));
  s.app().take();
  s.app().send(empty_ok);
  CHECK(status_of(other.take()) == 200);
  s.shared().memory_short = false;
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

// --- clients that are slow on purpose ---

namespace {

std::string upload_head(std::size_t length) {
  return "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

// Uploads of 1 MB at `rate` bytes a second each; whoever is ended comes back at once.
class Attack {
 public:
  Attack(Scenario& scenario, std::size_t count, std::size_t rate, std::size_t workers = 1)
      : scenario_(scenario), rate_(rate), workers_(workers) {
    for (std::size_t i = 0; i < count; ++i) begin();
  }
  // A second of it, in quarters.
  void go_on() {
    for (int quarter = 0; quarter < 4; ++quarter) {
      for (std::size_t i = 0; i < uploads_.size(); ++i) {
        if (uploads_[i]->open()) uploads_[i]->link().to_proxy += std::string(rate_ / 4, 'x');
      }
      scenario_.advance(250ms);
      const std::size_t ended = std::erase_if(uploads_, [](const Peer* one) { return !one->open(); });
      for (std::size_t i = 0; i < ended; ++i) begin();
    }
  }

 private:
  void begin() {
    uploads_.push_back(&scenario_.client("198.51.100.1", ++begun_ % workers_));
    uploads_.back()->send(upload_head(1'000'000));
  }
  Scenario& scenario_;
  std::size_t rate_;
  std::size_t workers_;
  std::size_t begun_ = 0;
  std::vector<Peer*> uploads_;
};

// Answers whatever of `target` has come to the app, on any connection.
void answer_all(Scenario& s, std::string_view target) {
  for (std::size_t n = 0; n < s.dialled(); ++n) {
    Peer& app = s.app(n);
    if (app.closed() || app.was_reset() || !contains(app.received(), target)) continue;
    app.take();
    app.send(empty_ok);
  }
}

std::size_t lines_with(Scenario& s, std::string_view reason) {
  std::size_t count = 0;
  for (const std::string& line : s.log()) {
    if (in_line(line, "reason") == reason) ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("admission: while slow uploads take all the slots they can get, others are served at once") {
  for (const std::size_t workers : {std::size_t{1}, std::size_t{2}}) {
    CAPTURE(workers);
    Scenario s({.policies = "  limits: {concurrency: 16, queue: 8}", .workers = workers});
    Attack attack(s, 60, 600, workers);
    for (std::size_t second = 0; second < 12; ++second) {
      CAPTURE(second);
      Peer& reader = s.client("192.0.2.1", second % workers);
      reader.send(get("/honest"));
      answer_all(s, "/honest");
      CHECK(status_of(reader.take()) == 200);
      Peer& writer = s.client("192.0.2.1", second % workers);
      writer.send("POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
      answer_all(s, "/whole");
      CHECK(status_of(writer.take()) == 200);
      Peer& halting = s.client("192.0.2.1", second % workers);  // its content comes a moment later
      halting.send("POST /halting HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n");
      for (int i = 0; i < 4; ++i) halting.send(std::string(5000, 'x'));
      answer_all(s, "/halting");
      CHECK(status_of(halting.take()) == 200);
      attack.go_on();
    }
    CHECK(s.shared().uploads.in_use() <= 12);
    CHECK(lines_with(s, "client_body_slow") >= 24);
  }
}

TEST_CASE("admission: slow uploads are ended while others wait, and only then") {
  for (const bool somebody_waits : {false, true}) {
    CAPTURE(somebody_waits);
    Scenario s({.policies = "  limits: {concurrency: 2, queue: 8, queueWait: 10s}"});
    Peer& slow = s.client();
    slow.send(upload_head(100'000));
    Peer& fast = s.client();
    fast.send(upload_head(1'000'000));
    Peer* waiting = nullptr;
    for (int i = 0; i < 28; ++i) {
      if (i == 2 && somebody_waits) {
        waiting = &s.client();
        waiting->send(get("/waiting"));
      }
      s.advance(250ms);
      if (slow.open()) slow.send(std::string(1000, 'x'));
      fast.send(std::string(5000, 'x'));
      if (i < 11) REQUIRE(slow.open());  // three seconds are everybody's
    }
    CHECK(fast.open());
    REQUIRE(slow.open() == !somebody_waits);
    if (!somebody_waits) continue;
    CHECK(status_of(slow.take()) == 408);
    const std::string line = s.log().front();
    CHECK(in_line(line, "reason") == "client_body_slow");
    CHECK(in_line(line, "cause") == "slower than 16 KiB/s while others waited");
    answer_all(s, "/waiting");
    CHECK(status_of(waiting->take()) == 200);
  }
}

TEST_CASE("admission: one slow upload is ended for one who waits, the longest admitted first") {
  Scenario s({.policies = "  limits: {concurrency: 3, queue: 8, queueWait: 10s}"});
  std::vector<Peer*> slow;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(&s.client());
    slow.back()->send(upload_head(100'000));
  }
  s.client().send(get("/waiting"));
  s.advance(5s);
  CHECK(!slow[0]->open());
  CHECK(slow[1]->open());
  CHECK(slow[2]->open());
}

TEST_CASE("admission: who takes a response slowly is cut while others wait, and only then") {
  for (const bool somebody_waits : {false, true}) {
    CAPTURE(somebody_waits);
    Scenario s({.policies = "  limits: {concurrency: 1, queue: 8, queueWait: 10s}"});
    Peer& slow = s.client();
    slow.hold(1000);
    slow.send(get("/large"));
    s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(500'000, 'x'));
    Peer& waiting = s.client();
    if (somebody_waits) waiting.send(get("/waiting"));
    for (int i = 0; i < 6; ++i) {
      s.advance(1s);
      slow.read(900);
    }
    REQUIRE(slow.open() == !somebody_waits);
    if (!somebody_waits) continue;
    CHECK(in_line(s.log().front(), "reason") == "client_read_slow");
    CHECK(in_line(s.log().front(), "cause") == "slower than 16 KiB/s while others waited");
    answer_all(s, "/waiting");
    CHECK(status_of(waiting.take()) == 200);
  }
}

TEST_CASE("admission: who reads 20 KB/s or whom the app holds up is not ended, whoever waits") {
  Scenario s(
      {.policies = "  limits: {concurrency: 2, queue: 8, queueWait: 1m}\n  timeouts: {request: 50s, streamIdle: 30s}"});
  Peer& reader = s.client();
  reader.hold(300'000);
  reader.send(get("/large"));
  s.app(0).send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(900'000, 'x'));
  reader.link().room = 1;  // as a kernel does it, which takes nothing more until much of what it has is delivered
  Peer& upload = s.client();
  upload.send(upload_head(500'000));
  s.app(1).hold(10);
  upload.send(std::string(200'000, 'x'));
  s.client().send(get("/waiting"));
  for (int i = 0; i < 12; ++i) {
    s.advance(1s);
    reader.read(20'000);
  }
  CHECK(reader.open());
  CHECK(upload.open());
}

TEST_CASE("admission: an upload that was refused does not count among uploads, even when its content comes after all") {
  Scenario s({.policies = "  limits: {concurrency: 1, queue: 0}"});
  s.client().send(get("/a"));
  Peer& refused = s.client();
  refused.hold(10);  // so that the exchange lasts until its content has come
  refused.send(upload_head(10));
  refused.send("1234567890");
  refused.release();
  CHECK(contains(refused.received(), " 503 "));
  CHECK(s.shared().uploads.in_use() == 0);
}

TEST_CASE("admission: timeouts in report mode count who should make room, and end nobody") {
  Scenario s({.policies = "  limits: {concurrency: 1, queue: 8, queueWait: 10s}\n  timeouts: {mode: report}"});
  Peer& slow = s.client();
  slow.send(upload_head(100));
  s.client().send(get("/waiting"));
  s.advance(6s);
  CHECK(slow.open());
  slow.send(std::string(100, 'x'));
  s.app().take();
  s.app().send(empty_ok);
  CHECK(status_of(slow.take()) == 200);
  CHECK(contains(s.log().front(), "client_body_slow timeouts.clientBodyIdle"));
}

}  // namespace holdfast::testing
