// What becomes of the app's responses: heads without content, interim responses, 5xx, and what breaks the grammar.
#include "../support/scenario.h"

namespace holdfast::testing {
namespace {
constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
}  // namespace

TEST_CASE("responses: HEAD, 204 and 304 carry no content, and the connections stay in step") {
  for (const std::size_t step : {SIZE_MAX, std::size_t{1}}) {
    CAPTURE(step);
    Scenario s({.step = step});
    Peer& c = s.client();
    c.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
    s.app(0).send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
    std::string answer = c.take();
    CHECK(contains(answer, "Content-Length: 1234\r\n"));
    CHECK(body_of(answer).empty());
    c.send(get);
    s.app(1).send("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 77\r\n\r\n");
    answer = c.take();
    CHECK(status_of(answer) == 304);
    CHECK(body_of(answer).empty());
    c.send(get);
    s.app(2).send("HTTP/1.1 204 No Content\r\n\r\n");
    answer = c.take();
    CHECK(status_of(answer) == 204);
    CHECK(!contains(answer, "Content-Length"));
    c.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
    s.app(2).send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    answer = c.take();
    CHECK(status_of(answer) == 200);
    CHECK(body_of(answer).empty());
    CHECK(s.dialled() == 3);  // an app that told a length might send that content after all: not asked again
    CHECK(c.open());
  }
}

TEST_CASE(
    "responses: sixteen interim responses pass to 1.1 clients, none to 1.0 clients, the seventeenth is a bad "
    "response") {
  Scenario s;
  Peer& c = s.client();
  c.send(get);
  for (int i = 0; i < 16; ++i) s.app().send("HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\nServer: secret\r\n\r\n");
  CHECK(count_of(c.received(), "HTTP/1.1 103 Early Hints\r\n") == 16);
  CHECK(!contains(c.received(), "secret"));
  s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  CHECK(contains(c.take(), "HTTP/1.1 200 OK"));
  c.send(get);
  for (int i = 0; i < 16; ++i) s.app().send("HTTP/1.1 103 Early Hints\r\n\r\n");
  c.take();
  s.app().send("HTTP/1.1 103 Early Hints\r\n\r\n");
  CHECK(status_of(c.take()) == 502);
  CHECK(in_line(s.last_line(), "reason") == "app_bad_response");
  Peer& d = s.client();
  d.send("GET /a HTTP/1.0\r\n\r\n");
  s.app(1).send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  CHECK(d.received().starts_with("HTTP/1.1 200 OK"));
  CHECK(body_of(d.received()) == "ok");
  CHECK(d.closed());
}

TEST_CASE("responses: Expect is forwarded, and the app's answer decides") {
  for (const std::size_t step : {SIZE_MAX, std::size_t{1}}) {
    CAPTURE(step);
    Scenario s({.step = step});
    Peer& c = s.client();
    c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    CHECK(contains(s.app().received(), "Expect: 100-continue\r\n"));
    CHECK(c.received().empty());
    s.app().send("HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(c.take().starts_with("HTTP/1.1 100 Continue\r\n"));
    c.send("hello");
    CHECK(s.app().take().ends_with("hello"));
    s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    CHECK(status_of(c.take()) == 200);
    CHECK(c.open());
  }
}

TEST_CASE("responses: content that comes before it was asked for goes on without waiting") {
  Scenario s;
  Peer& c = s.client();
  c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello");
  CHECK(contains(s.app().received(), "hello"));
  s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  CHECK(contains(c.received(), "200 OK"));
}

TEST_CASE("responses: an app that refuses an expected upload ends it, and one that is silent costs firstByte") {
  Scenario s({.policies = "  timeouts: {firstByte: 2s, request: 5s}"});
  Peer& c = s.client();
  c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  s.app().send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  const std::string answer = c.take();
  CHECK(status_of(answer) == 403);
  CHECK(contains(answer, "Connection: close\r\n"));
  CHECK(c.saw_end());
  CHECK(in_line(s.last_line(), "reason") == "ok");
  Peer& d = s.client();
  d.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  s.advance(1999ms);
  CHECK(d.received().empty());
  s.advance(1ms);
  CHECK(status_of(d.take()) == 504);
  CHECK(in_line(s.last_line(), "reason") == "app_first_byte_slow");
}

TEST_CASE("responses: an upload that is too large is refused before the client is told to continue") {
  Scenario s({.policies = "  limits: {body: 1KiB}"});
  Peer& c = s.client();
  c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n");
  CHECK(status_of(c.take()) == 413);
  CHECK(s.dialled() == 0);
}

TEST_CASE(
    "responses: an early answer during an upload is passed on, what still comes is thrown away, then the connection "
    "closes") {
  Scenario s;
  Peer& c = s.client();
  c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + pattern(1000));
  s.app().send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  const std::string answer = c.take();
  CHECK(status_of(answer) == 403);
  CHECK(contains(answer, "Connection: close\r\n"));
  CHECK(body_of(answer) == "no");
  CHECK(c.saw_end());
  CHECK(!c.closed());
  CHECK(s.app().was_reset());
  c.send(pattern(50'000));
  CHECK(c.link().to_proxy.empty());
  c.close();
  CHECK(c.closed());
}

TEST_CASE("responses: a 5xx of the app keeps its status and loses its body, which goes to the log, redacted") {
  for (const std::size_t step : {SIZE_MAX, std::size_t{1}}) {
    CAPTURE(step);
    Scenario s({.step = step});
    Peer& c = s.client();
    c.send(get);
    s.app().send(
        "HTTP/1.1 503 Database Down\r\nServer: app/1\r\nRetry-After: 7\r\nETag: \"1\"\r\nSet-Cookie: "
        "a=b\r\nContent-Type: text/html\r\n"
        "Content-Length: 50\r\n\r\n{\"trace\":\"at db.internal\",\"password\":\"hunter2xyz\"}");
    const std::string answer = c.take();
    CHECK(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    CHECK(contains(answer, "Retry-After: 7\r\n"));
    CHECK(contains(answer, "Set-Cookie: a=b\r\n"));
    CHECK(!contains(answer, "ETag"));
    CHECK(!contains(answer, "app/1"));
    CHECK(!contains(answer, "db.internal"));
    CHECK(contains(answer, "{\"error\":\"internal error\",\"request_id\":\""));
    const std::string line = s.last_line();
    CHECK(in_line(line, "reason") == "app_5xx");
    CHECK(in_line(line, "blame") == "app");
    CHECK(in_line(line, "level") == "error");
    CHECK(contains(line, "db.internal"));
    CHECK(!contains(line, "hunter2"));
    CHECK(c.open());
    c.send(get);
    CHECK(s.dialled() == 1);
    s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    CHECK(status_of(c.take()) == 200);
  }
}

TEST_CASE("responses: the cause is read for 100 ms, then the app's connection is closed") {
  Scenario s;
  Peer& c = s.client();
  c.send(get);
  s.app().send("HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\nhalf of it");
  CHECK(status_of(c.take()) == 500);
  s.advance(99ms);
  CHECK(s.app().open());
  CHECK(s.log().empty());
  s.advance(1ms);
  CHECK(!s.app().open());
  CHECK(in_line(s.last_line(), "cause") == "half of it");
  CHECK(c.open());
  c.send(get);
  CHECK(s.dialled() == 2);
}

TEST_CASE("responses: no more than 64 KiB of a cause are read, and keepCause of it kept") {
  Scenario s({.policies = "  errors: {keepCause: 1KiB}"});
  Peer& c = s.client();
  c.send(get);
  s.app().send("HTTP/1.1 500 Oops\r\nContent-Length: 1000000\r\n\r\n" + pattern(200'000));
  CHECK(status_of(c.take()) == 500);
  CHECK(!s.app().open());
  CHECK(in_line(s.last_line(), "cause") == pattern(1024));
}

TEST_CASE("responses: a coded body of a 5xx is logged as its coding and size") {
  Scenario s;
  Peer& c = s.client();
  c.send(get);
  s.app().send("HTTP/1.1 500 Oops\r\nContent-Encoding: gzip\r\nContent-Length: 40000\r\n\r\n");
  s.app().send(std::string(39'999, 'z'));
  s.app().send("z");
  CHECK(in_line(s.last_line(), "cause") == "[gzip, 40000 bytes]");
  CHECK(!contains(c.received(), "gzip"));
}

TEST_CASE("responses: the 5xx of a HEAD request passes, and so do all when replacing is off or only reported") {
  Scenario s;
  Peer& c = s.client();
  c.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
  s.app().send("HTTP/1.1 500 Oops\r\nContent-Length: 9\r\nETag: \"x\"\r\n\r\n");
  const std::string answer = c.take();
  CHECK(answer.starts_with("HTTP/1.1 500 Oops\r\n"));
  CHECK(contains(answer, "ETag"));
  CHECK(in_line(s.last_line(), "reason") == "app_5xx");
  Scenario t({.policies = "  errors: {mode: report}"});
  Peer& d = t.client();
  d.send(get);
  t.app().send("HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nbody");
  CHECK(body_of(d.take()) == "body");
  CHECK(contains(in_line(t.last_line(), "would"), "app_5xx errors.replace5xx"));
}

TEST_CASE("responses: garbage, a closed connection and too large a head are one clean 502") {
  struct Case {
    std::string bytes;
    bool close;
    std::string_view reason;
  };
  const Case cases[] = {
      {"SSH-2.0-OpenSSH\r\n", false, "app_bad_response"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", false, "app_bad_response"},
      {"HTTP/1.1 200 OK\nContent-Length: 1\n\n", false, "app_bad_response"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", false,
       "app_bad_response"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n", false, "app_headers_too_large"},
      {"", true, "app_reset"},
      {"HTTP/1.1 200 OK\r\nCont", true, "app_reset"},
  };
  for (const Case& one : cases) {
    for (const std::size_t step : {SIZE_MAX, std::size_t{1}}) {
      CAPTURE(one.bytes.substr(0, 60));
      CAPTURE(step);
      Scenario s({.step = step});
      Peer& c = s.client();
      c.send(get);
      s.app().send(one.bytes);
      if (one.close) s.app().close();
      const std::string answer = c.take();
      CHECK(status_of(answer) == 502);
      CHECK(contains(answer, "{\"error\":\"internal error\""));
      CHECK(in_line(s.last_line(), "reason") == one.reason);
      CHECK(!s.app().open());
      CHECK(c.open());
      CHECK(s.in_flight() == 0);
    }
  }
}

TEST_CASE("responses: bytes behind a response are never taken for the next one") {
  Scenario s;
  Peer& c = s.client();
  c.send(get);
  s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
  CHECK(body_of(c.take()) == "ok");
  CHECK(!s.app().open());
  c.send(get);
  CHECK(s.dialled() == 2);
  s.app(1).send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  c.take();
  s.app(1).send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
  CHECK(!s.app(1).open());
}

TEST_CASE("responses: chunked is decoded for 1.0 clients, and the connection's end is the body's end") {
  Scenario s;
  Peer& c = s.client();
  c.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(contains(s.app().received(), "Host: 127.0.0.1:3000\r\n"));
  s.app().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  CHECK(body_of(c.received()) == "abc");
  CHECK(!contains(c.received(), "chunked"));
  CHECK(c.closed());
  Peer& d = s.client();
  d.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(contains(d.received(), "Connection: keep-alive\r\n"));
  CHECK(d.open());
}

TEST_CASE("responses: OPTIONS with Max-Forwards 0 is answered here") {
  Scenario s;
  Peer& c = s.client();
  c.send("OPTIONS /a HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n");
  CHECK(status_of(c.take()) == 204);
  CHECK(s.dialled() == 0);
  CHECK(in_line(s.last_line(), "reason") == "ok");
  c.send("OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 2\r\n\r\n");
  CHECK(contains(s.app().received(), "Max-Forwards: 1\r\n"));
}

}  // namespace holdfast::testing
