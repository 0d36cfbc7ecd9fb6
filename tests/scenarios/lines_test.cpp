// What is told: ids, forwarding fields, log lines, metrics; and what a thrown fault costs.
#include "../support/scenario.h"

namespace holdfast::testing {
namespace {
constexpr std::string_view empty_ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
}  // namespace

TEST_CASE("ids: a client's good id is kept everywhere, a bad or doubled one is replaced") {
  Scenario s;
  Peer& c = s.client();
  c.send("GET /a HTTP/1.1\r\nHost: a\r\nX-Request-Id: good-id.0_1\r\n\r\n");
  CHECK(contains(s.app().take(), "x-request-id: good-id.0_1\r\n"));
  s.app().send("HTTP/1.1 200 OK\r\nX-Request-ID: of-the-app\r\nContent-Length: 0\r\n\r\n");
  const std::string answer = c.take();
  CHECK(contains(answer, "x-request-id: good-id.0_1\r\n"));
  CHECK(!contains(answer, "of-the-app"));
  CHECK(in_line(s.last_line(), "request_id") == "good-id.0_1");
  for (const char* bad : {"X-Request-Id: short", "X-Request-Id: has space in it",
                          "X-Request-Id: aaaaaaaaaa\r\nX-Request-Id: bbbbbbbbbb"}) {
    c.send("GET /a HTTP/1.1\r\nHost: a\r\n" + std::string(bad) + "\r\n\r\n");
    CHECK(count_of(s.app().take(), "equest-") == 1);
    s.app().send(empty_ok);
    CHECK(contains(c.take(), "x-request-id: " + in_line(s.last_line(), "request_id") + "\r\n"));
    CHECK(in_line(s.last_line(), "request_id_replaced") == "true");
    CHECK(in_line(s.last_line(), "request_id").size() == 36);
  }
  c.send("BROKEN\r\n");
  CHECK(contains(c.take(), "x-request-id: " + in_line(s.last_line(), "request_id") + "\r\n"));
}

TEST_CASE("forwarding: without trusted hops a client's claims are dropped, with one they are appended to") {
  const std::string request =
      "GET /a HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: 203.0.113.9, 198.51.100.4\r\nX-Forwarded-Proto: https\r\n"
      "X-Forwarded-Host: b.example\r\nConnection: X-Forwarded-For, Authorization, X-Hop\r\nAuthorization: Basic "
      "x\r\nX-Hop: 1\r\n\r\n";
  Scenario s;
  Peer& c = s.client();
  c.send(request);
  std::string asked = s.app().take();
  CHECK(contains(asked, "X-Forwarded-For: 192.0.2.7\r\n"));
  CHECK(!contains(asked, "203.0.113.9"));
  CHECK(contains(asked, "X-Forwarded-Proto: http\r\n"));
  CHECK(contains(asked, "Authorization: Basic x\r\n"));
  CHECK(!contains(asked, "X-Hop"));
  s.app().send(empty_ok);
  CHECK(in_line(s.last_line(), "client") == "192.0.2.7");
  Scenario t({.trusted_hops = 1});
  Peer& d = t.client();
  d.send(request);
  asked = t.app().take();
  CHECK(contains(asked, "X-Forwarded-For: 203.0.113.9, 198.51.100.4, 192.0.2.7\r\n"));
  CHECK(contains(asked, "X-Forwarded-Proto: https\r\n"));
  CHECK(contains(asked, "X-Forwarded-Host: b.example\r\n"));
  t.app().send(empty_ok);
  CHECK(in_line(t.last_line(), "client") == "198.51.100.4");
}

TEST_CASE("lines: a secret is in no line, whatever became of its request") {
  Scenario s({.policies = "  limits: {uri: 300B}"});
  const char* requests[] = {
      "GET /a?token=hunter2&x=1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer hunter2\r\nCookie: hunter2\r\n\r\n",
      "GET /a?%74oken=hunter2 HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /hunter2 HTTP/1.1\r\nHost: a\r\nAuthorization : hunter2\r\n\r\n",
      "hunter2 hunter2 hunter2\r\n\r\n",
  };
  for (const char* request : requests) {
    Peer& c = s.client();
    c.send(request);
    if (c.open() && s.dialled() > 0 && c.received().empty()) {
      s.app().send("HTTP/1.1 500 Oops\r\nContent-Length: 22\r\n\r\n{\"password\":\"hunter2\"}");
    }
    c.close();
  }
  CHECK(s.log().size() == 4);
  for (const std::string& line : s.log()) CHECK(!contains(line, "hunter2"));
}

TEST_CASE("lines: every refusal of a head is one line with its row, and one response that names the rule") {
  struct Case {
    std::string bytes;
    int status;
    std::string_view reason;
  };
  const Case cases[] = {
      {"GET / HTTP/1.1\r\n\r\n", 400, "bad_request"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "bad_request"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "bad_request"},
      {"GET / HTTP/1.1\nHost: a\n\n", 400, "bad_request"},
      {"GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414, "uri_too_long"},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n", 431, "headers_too_large"},
      {"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 501, "method_refused"},
      {"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501, "method_refused"},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "unsupported_version"},
  };
  for (const Case& one : cases) {
    for (const std::size_t step : {SIZE_MAX, std::size_t{1}}) {
      CAPTURE(one.bytes.substr(0, 60));
      Scenario s({.step = step});
      Peer& c = s.client();
      c.send(one.bytes);
      const std::string answer = c.take();
      CHECK(status_of(answer) == one.status);
      CHECK(contains(answer, "Connection: close\r\n"));
      CHECK(contains(answer, "cache-control: no-store") != contains(answer, "Cache-Control: no-store"));
      CHECK(c.saw_end());
      REQUIRE(s.log().size() == 1);
      CHECK(in_line(s.last_line(), "reason") == one.reason);
      CHECK(in_line(s.last_line(), "blame") == "client");
      CHECK(in_line(s.last_line(), "status") == std::to_string(one.status));
      CHECK(s.dialled() == 0);
      CHECK(s.metric("holdfast_exchange_failures_total{reason=\"" + std::string(one.reason) +
                     "\",blame=\"client\",route=\"unmatched\"}") == 1);
    }
  }
}

TEST_CASE("lines: ms says where the time went") {
  Scenario s({.policies = "  limits: {concurrency: 1, queueWait: 10s}"});
  Peer& first = s.client();
  first.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer& c = s.client();
  c.send("POST /b HTTP/1.1\r\n");
  s.advance(1ms);
  c.send("Host: a\r\nContent-Length: 2\r\n\r\n");
  s.advance(2ms);
  s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  s.advance(4ms);
  c.send("ab");
  s.advance(8ms);
  s.app(1).send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx");
  s.advance(16ms);
  s.app(1).send("y");
  const std::string line = s.last_line();
  CHECK(in_line(line, "total") == "31.000");
  CHECK(in_line(line, "headers") == "1.000");
  CHECK(in_line(line, "queue") == "2.000");
  CHECK(in_line(line, "connect") == "0.000");
  CHECK(in_line(line, "first_byte") == "8.000");
  CHECK(in_line(line, "body") == "16.000");
}

TEST_CASE("faults: what a hook throws is `internal` for that exchange, and the next one is served") {
  for (const char* where : {"request", "response", "complete"}) {
    for (const std::size_t step : {SIZE_MAX, std::size_t{1}}) {
      CAPTURE(where);
      CAPTURE(step);
      Scenario s({.step = step, .throwing_hooks = true});
      Peer& witness = s.client();
      witness.send("GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
      Peer& c = s.client();
      c.send("GET /a HTTP/1.1\r\nHost: a\r\nx-throw: " + std::string(where) + "\r\n\r\n");
      const std::string_view word = where;
      if (word != "request") s.app(1).send(empty_ok);
      const std::string answer = c.take();
      CHECK(status_of(answer) == (word == "complete" ? 200 : 500));
      if (word != "complete") {
        CHECK(contains(answer, "Connection: close\r\n"));
        CHECK(in_line(s.last_line(), "reason") == "internal");
        CHECK(in_line(s.last_line(), "blame") == "sidecar");
        CHECK(in_line(s.last_line(), "cause") == "throwing: thrown by a hook");
      }
      CHECK(!c.open());
      CHECK(s.in_flight() == 1);
      s.app(0).send(empty_ok);
      CHECK(status_of(witness.take()) == 200);
      CHECK(in_line(s.last_line(), "reason") == "ok");
    }
  }
}

}  // namespace holdfast::testing
