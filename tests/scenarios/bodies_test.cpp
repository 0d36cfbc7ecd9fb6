// Content in both directions: back-pressure with bounded memory, and truncation that everybody can see.
#include <array>

#include "../support/scenario.h"
#include "core/bytes.h"

namespace holdfast::testing {
namespace {

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

std::string chunked(std::string_view content, std::size_t chunk) {
  std::string out;
  while (!content.empty()) {
    const std::string_view part = content.substr(0, chunk);
    std::array<char, 16> size{};
    out.append(size.data(), holdfast::write_hex(size.data(), part.size())).append("\r\n").append(part).append("\r\n");
    content.remove_prefix(part.size());
  }
  return out + "0\r\n\r\n";
}

}  // namespace

TEST_CASE(
    "bodies: every size passes unchanged in both directions, with a length and chunked, to readers fast and slow") {
  for (const std::size_t size :
       {0UL, 1UL, 4000UL, 8192UL, 8193UL, 20'000UL, 65'535UL, 65'536UL, 300'000UL, 1'000'000UL}) {
    for (const std::size_t room : {SIZE_MAX, std::size_t{1000}, std::size_t{30'000}}) {
      for (const bool in_chunks : {false, true}) {
        CAPTURE(size);
        CAPTURE(room);
        CAPTURE(in_chunks);
        Scenario s;
        Peer& c = s.client();
        const std::string content = pattern(size);
        const std::string framing =
            in_chunks ? "Transfer-Encoding: chunked" : "Content-Length: " + std::to_string(size);
        const std::string bytes = in_chunks ? chunked(content, 3000) : content;
        c.send("POST /a HTTP/1.1\r\nHost: a\r\n" + framing + "\r\n\r\n");
        Peer& app = s.app();
        if (room != SIZE_MAX) app.hold(room);
        c.send(bytes);
        while (room != SIZE_MAX && !app.read().empty()) {
        }
        const std::string asked = app.release().take();
        CHECK((in_chunks ? unchunked(body_of(asked)) : body_of(asked)) == content);
        if (room != SIZE_MAX) c.hold(room);
        app.send("HTTP/1.1 200 OK\r\n" + framing + "\r\n\r\n" + bytes);
        while (room != SIZE_MAX && !c.read().empty()) {
        }
        const std::string answer = c.release().take();
        CHECK(status_of(answer) == 200);
        CHECK((in_chunks ? unchunked(body_of(answer)) : body_of(answer)) == content);
        CHECK(in_line(s.last_line(), "reason") == "ok");
        CHECK(in_line(s.last_line(), "bytes_in") == std::to_string(size));
        CHECK(in_line(s.last_line(), "bytes_out") == std::to_string(size));
        CHECK(s.block_bytes() == 0);
      }
    }
  }
}

TEST_CASE("bodies: a client that does not read stops the app, and little is held for it") {
  Scenario s;
  Peer& c = s.client();
  c.send(get);
  c.hold(1000);
  Peer& app = s.app();
  app.send("HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n" + pattern(10'000'000));
  CHECK(app.link().to_proxy.size() > 9'500'000);
  CHECK(s.block_bytes() <= 2 * (256U << 10U) + (8U << 10U));
  app.send(pattern(10'000'000));
  while (!c.read(500'000).empty()) {
    c.hold(500'000);
  }
  CHECK(body_of(c.release().take()) == pattern(10'000'000) + pattern(10'000'000));
}

TEST_CASE("bodies: an app that does not read stops the client, and little is held for it") {
  Scenario s({.policies = "  limits: {body: 1GiB}"});
  Peer& c = s.client();
  c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n");
  Peer& app = s.app();
  app.take();
  app.hold(1000);
  c.send(pattern(10'000'000));
  CHECK(c.link().to_proxy.size() > 9'500'000);
  CHECK(s.block_bytes() <= 2 * (256U << 10U) + (8U << 10U));
  std::string got;
  for (std::string part = app.read(); !part.empty(); part = app.read()) {
    got += part;
    app.hold(500'000);
  }
  CHECK(got == pattern(10'000'000));
  app.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  CHECK(status_of(c.take()) == 200);
}

TEST_CASE("bodies: the app's end of the connection is the end of a response without a length") {
  Scenario s;
  Peer& c = s.client();
  c.send(get);
  s.app().send("HTTP/1.1 200 OK\r\n\r\nhello ");
  s.app().send("world").close();
  const std::string answer = c.take();
  CHECK(unchunked(body_of(answer)) == "hello world");
  CHECK(in_line(s.last_line(), "reason") == "ok");
  CHECK(c.open());
}

TEST_CASE("bodies: what an app sent before it closed reaches a slow client in full") {
  Scenario s;
  Peer& c = s.client();
  c.send(get);
  c.hold(1000);
  s.app().send("HTTP/1.1 200 OK\r\n\r\n" + pattern(500'000)).close();
  while (!c.read().empty()) {
  }
  CHECK(unchunked(body_of(c.release().take())) == pattern(500'000));
  CHECK(in_line(s.last_line(), "reason") == "ok");
}

TEST_CASE("bodies: an app that breaks off leaves the client without the end, and the line says app_truncated") {
  for (const char* framing : {"Content-Length: 100", "Transfer-Encoding: chunked"}) {
    for (const bool reset : {false, true}) {
      CAPTURE(framing);
      CAPTURE(reset);
      Scenario s;
      Peer& c = s.client();
      c.send(get);
      s.app().send(std::string("HTTP/1.1 200 OK\r\n") + framing + "\r\n\r\n5\r\nhello\r\n");
      reset ? s.app().reset() : s.app().close();
      const std::string answer = c.take();
      CHECK(contains(answer, "hello"));
      CHECK(!contains(answer, "0\r\n\r\n"));
      CHECK(!c.open());
      const std::string line = s.last_line();
      CHECK(in_line(line, "reason") == "app_truncated");
      CHECK(in_line(line, "status") == "200");
      CHECK(in_line(line, "truncated") == "true");
      CHECK(in_line(line, "blame") == "app");
    }
  }
}

TEST_CASE("bodies: a reset is the only end of a close-delimited response that tells a 1.0 client of a truncation") {
  Scenario s;
  Peer& c = s.client();
  c.send("GET /a HTTP/1.0\r\n\r\n");
  s.app().send("HTTP/1.1 200 OK\r\n\r\nhello").reset();
  CHECK(c.was_reset());
  CHECK(in_line(s.last_line(), "reason") == "app_truncated");
  Peer& d = s.client();
  d.send("GET /a HTTP/1.0\r\n\r\n");
  s.app(1).send("HTTP/1.1 200 OK\r\n\r\nhello").close();
  CHECK(d.closed());
  CHECK(body_of(d.received()) == "hello");
  CHECK(in_line(s.last_line(), "reason") == "ok");
}

TEST_CASE("bodies: a client that leaves during an upload makes the app see an aborted request") {
  for (const bool reset : {false, true}) {
    CAPTURE(reset);
    Scenario s;
    Peer& c = s.client();
    c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
    reset ? c.reset() : c.close();
    CHECK(s.app().was_reset());
    CHECK(in_line(s.last_line(), "reason") == "client_gone");
    CHECK(in_line(s.last_line(), "status") == "499");
  }
}

TEST_CASE("bodies: a client that leaves while the app works frees its slot at once") {
  Scenario s;
  Peer& c = s.client();
  c.send(get);
  CHECK(s.in_flight() == 1);
  c.close();
  CHECK(s.in_flight() == 0);
  CHECK(s.app().closed());
  CHECK(in_line(s.last_line(), "reason") == "client_gone");
  CHECK(in_line(s.last_line(), "truncated") == "false");
}

TEST_CASE("bodies: a client that leaves during a response is client_gone and truncated") {
  Scenario s;
  Peer& c = s.client();
  c.send(get);
  s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
  c.close();
  CHECK(s.app().closed());
  const std::string line = s.last_line();
  CHECK(in_line(line, "reason") == "client_gone");
  CHECK(in_line(line, "status") == "200");
  CHECK(in_line(line, "truncated") == "true");
}

TEST_CASE("bodies: a declared length above the limit is refused before the app hears of it") {
  Scenario s({.policies = "  limits: {body: 1KiB}"});
  Peer& c = s.client();
  c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n");
  const std::string answer = c.take();
  CHECK(status_of(answer) == 413);
  CHECK(contains(answer, "Connection: close\r\n"));
  CHECK(contains(answer, "limit 1KiB"));
  CHECK(s.dialled() == 0);
  CHECK(c.saw_end());
  CHECK(in_line(s.last_line(), "reason") == "body_too_large");
  Peer& d = s.client();
  d.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1024\r\n\r\n" + pattern(1024));
  CHECK(body_of(s.app().take()) == pattern(1024));
}

TEST_CASE("bodies: a chunked body that grows past the limit is 413, and the app sees an abort, never an end") {
  Scenario s({.policies = "  limits: {body: 1KiB}"});
  Peer& c = s.client();
  c.send("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + pattern(1024) + "\r\n");
  CHECK(status_of(c.received()) == 0);
  c.send("1\r\nx\r\n0\r\n\r\n");
  CHECK(status_of(c.take()) == 413);
  CHECK(s.app().was_reset());
  CHECK(!contains(s.app().received(), "0\r\n\r\n"));
}

TEST_CASE("bodies: the limit of a body only counts in report mode") {
  Scenario s({.policies = "  limits: {mode: report, body: 1KiB}"});
  Peer& c = s.client();
  c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" + pattern(2000));
  CHECK(body_of(s.app().take()) == pattern(2000));
  s.app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  CHECK(contains(in_line(s.last_line(), "would"), "body_too_large limits.body"));
}

TEST_CASE("bodies: trailers pass in both directions, except those that may not") {
  for (const std::size_t step : {SIZE_MAX, std::size_t{1}}) {
    Scenario s({.step = step});
    Peer& c = s.client();
    c.send(
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nab\r\n0\r\nX-Sum: "
        "7\r\nContent-Length: 9\r\n\r\n");
    const std::string asked = s.app().take();
    CHECK(contains(asked, "\r\n0\r\nX-Sum: 7\r\n\r\n"));
    CHECK(!contains(body_of(asked), "Content-Length"));
    s.app().send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 8\r\nServer: "
        "secret\r\nSet-Cookie: a=b\r\n\r\n");
    const std::string answer = c.take();
    CHECK(answer.ends_with("\r\n0\r\nX-Sum: 8\r\n\r\n"));
  }
}

TEST_CASE("bodies: broken chunks of a client are 400 with the place, and the app sees an abort") {
  for (const std::size_t step : {SIZE_MAX, std::size_t{1}}) {
    Scenario s({.step = step});
    Peer& c = s.client();
    c.send("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabX\r\n");
    CHECK(status_of(c.take()) == 400);
    CHECK(s.app().was_reset());
    CHECK(in_line(s.last_line(), "reason") == "bad_request");
    CHECK(contains(in_line(s.last_line(), "cause"), "at byte"));
    CHECK(c.saw_end());
  }
}

TEST_CASE("bodies: broken chunks of the app cut the response") {
  Scenario s;
  Peer& c = s.client();
  c.send(get);
  s.app().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
  s.app().send("zz\r\n");
  CHECK(!c.open());
  CHECK(!c.take().ends_with("0\r\n\r\n"));
  CHECK(in_line(s.last_line(), "reason") == "app_bad_response");
  CHECK(in_line(s.last_line(), "truncated") == "true");
}

}  // namespace holdfast::testing
