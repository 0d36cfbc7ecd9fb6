// The conversations that everything else is built on.
#include "../support/scenario.h"

namespace holdfast::testing {
namespace {
// Every conversation also with input that comes byte by byte.
constexpr std::size_t steps[] = {SIZE_MAX, 1, 7};
}  // namespace

TEST_CASE("basics: a GET is answered by the app, and the connections are kept") {
  for (const std::size_t step : steps) {
    CAPTURE(step);
    Scenario s({.step = step});
    Peer& c = s.client();
    c.send("GET /users/1?a=b HTTP/1.1\r\nHost: example.com\r\nX-Own: 1\r\n\r\n");
    const std::string asked = s.app().take();
    CHECK(asked.starts_with("GET /users/1?a=b HTTP/1.1\r\nHost: example.com\r\nX-Own: 1\r\n"));
    CHECK(contains(asked, "Via: 1.1 holdfast\r\n"));
    CHECK(contains(asked, "X-Forwarded-For: 192.0.2.7\r\n"));
    CHECK(contains(asked, "x-request-id: "));
    s.app().send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
    const std::string answer = c.take();
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"));
    CHECK(contains(answer, "Content-Length: 5\r\n"));
    CHECK(contains(answer, "Keep-Alive: timeout=75\r\n"));
    CHECK(contains(answer, "Date: "));
    CHECK(body_of(answer) == "hello");
    CHECK(c.open());
    c.send("GET /again HTTP/1.1\r\nHost: example.com\r\n\r\n");
    CHECK(s.dialled() == 1);
    CHECK(s.app().take().starts_with("GET /again HTTP/1.1\r\n"));
    s.app().send("HTTP/1.1 204 No Content\r\n\r\n");
    CHECK(status_of(c.take()) == 204);
    const auto lines = s.log();
    REQUIRE(lines.size() == 2);
    CHECK(in_line(lines[0], "reason") == "ok");
    CHECK(in_line(lines[0], "blame") == "none");
    CHECK(in_line(lines[0], "status") == "200");
    CHECK(in_line(lines[0], "bytes_out") == "5");
    CHECK(in_line(lines[0], "path") == "/users/1?a=b");
    CHECK(s.in_flight() == 0);
    CHECK(s.block_bytes() == 0);
  }
}

TEST_CASE("basics: a POST passes its content, with a length and chunked") {
  for (const std::size_t step : steps) {
    CAPTURE(step);
    Scenario s({.step = step});
    Peer& c = s.client();
    c.send("POST /users HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world");
    CHECK(body_of(s.app().take()) == "hello world");
    s.app().send("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    const std::string answer = c.take();
    CHECK(status_of(answer) == 201);
    CHECK(unchunked(body_of(answer)) == "abcde");
    c.send(
        "POST /users HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
    const std::string asked = s.app().take();
    CHECK(contains(asked, "Transfer-Encoding: chunked\r\n"));
    CHECK(unchunked(body_of(asked)) == "hello world");
    s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    CHECK(status_of(c.take()) == 200);
    CHECK(in_line(s.last_line(), "bytes_in") == "11");
    CHECK(s.dialled() == 1);
  }
}

TEST_CASE("basics: a 404 of the app passes unchanged") {
  Scenario s;
  Peer& c = s.client();
  c.send("GET /nobody HTTP/1.1\r\nHost: a\r\n\r\n");
  s.app().send("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope");
  const std::string answer = c.take();
  CHECK(status_of(answer) == 404);
  CHECK(body_of(answer) == "nope");
  CHECK(in_line(s.last_line(), "reason") == "ok");
  CHECK(in_line(s.last_line(), "level") == "info");
}

TEST_CASE("basics: an app that refuses connections costs the client 502, and 503 while it has never accepted one") {
  Scenario s;
  Peer& c = s.client();
  s.app_is(App::refuses);
  c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string first = c.take();
  CHECK(status_of(first) == 503);
  CHECK(contains(first, "Retry-After: "));
  CHECK(contains(first, R"({"error":"internal error","request_id":")"));
  CHECK(in_line(s.last_line(), "reason") == "app_not_ready");
  s.app_is(App::accepts);
  c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  CHECK(status_of(c.take()) == 200);
  s.app_is(App::refuses);
  c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(status_of(c.take()) == 502);
  CHECK(in_line(s.last_line(), "reason") == "app_refused");
  CHECK(in_line(s.last_line(), "blame") == "app");
  CHECK(c.open());
}

TEST_CASE("basics: pipelined requests are answered in order, one after the other") {
  for (const std::size_t step : steps) {
    CAPTURE(step);
    Scenario s({.step = step});
    Peer& c = s.client();
    c.send(
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
        "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
        "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(s.app(0).take().starts_with("GET /1 "));
    CHECK(s.in_flight() == 1);
    s.app(0).send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
    std::string asked = s.app(0).take();
    CHECK(asked.starts_with("POST /2 "));
    CHECK(body_of(asked) == "abc");
    s.app(0).send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
    CHECK(s.app(0).take().starts_with("GET /3 "));
    s.app(0).send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3");
    const std::string answers = c.take();
    CHECK(count_of(answers, "HTTP/1.1 200 OK\r\n") == 3);
    CHECK(answers.find("\r\n\r\n1HTTP") < answers.find("\r\n\r\n2HTTP"));
    CHECK(answers.ends_with("\r\n\r\n3"));
    CHECK(s.log().size() == 3);
  }
}

}  // namespace holdfast::testing
