// persistence: RFC 9112 9: connections that are kept, pipelined, closed, and lent again.
#include "tables.h"

namespace holdfast::conformance {
namespace {

using namespace std::chrono_literals;

std::string old_get(std::string_view fields = "") {
  return "GET /a HTTP/1.0\r\nHost: a.example\r\n" + std::string(fields) + "\r\n";
}

Rows kept() {
  return {
      {"9112 9.3", Level::should, "A connection in HTTP/1.1 is kept without being asked, on both sides.",
       answered(ok(), {absent("Connection")}, Fate::kept)},
      {"9112 9.3", Level::must, "A connection in HTTP/1.0 is closed behind the response.",
       Exchanged{.request = old_get(), .client = Fate::closed}},
      {"9112 9.3", Level::may, "A connection in HTTP/1.0 is kept when the client asks for it.",
       Exchanged{.request = old_get("Connection: keep-alive\r\n"), .at_client = {field("Connection", "keep-alive")}}},
      {"9112 9.3", Level::must, "`close` beats `keep-alive`.",
       Exchanged{.request = get("Connection: keep-alive, close\r\n"), .client = Fate::closed}},
      {"9112 9.3", Level::must, "`close` beats `keep-alive` in HTTP/1.0 as well.",
       Exchanged{.request = old_get("Connection: close, keep-alive\r\n"), .client = Fate::closed}},
      {"9112 9.3", Level::must, "A connection is not lent again when the app speaks HTTP/1.0.",
       Exchanged{.request = get(),
                 .answer = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                 .at_client = {content("hello")},
                 .app = Fate::closed}},
      {"9112 9.3", Level::may, "A connection is lent again when an app in HTTP/1.0 says keep-alive.",
       Exchanged{.request = get(),
                 .answer = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
                 .at_client = {content("hello"), absent("Connection")},
                 .app = Fate::kept}},
      {"9112 9.5", Level::should, "An idle client is told for how long it may be.",
       answered(ok(), {field("Keep-Alive", "timeout=75")})},
      {"9112 9.5", Level::should, "An idle connection is closed in silence when its time is up.",
       told(
           [](Talk& t) {
             t.c.send(get());
             t.s.app().send(ok());
             t.answered();
             t.s.advance(74'999ms);
             t.check(t.c.open(), "closed too early");
             t.s.advance(1ms);
             t.check(t.c.closed() && t.c.received().empty(), "not closed in silence");
           },
           "closed")},
      {"9112 9.5", Level::should, "A connection to the app is given up before the app's own time for it is up.",
       told(
           [](Talk& t) {
             t.c.send(get());
             t.s.app().send(ok("Keep-Alive: timeout=2\r\n"));
             t.answered();
             t.s.advance(999ms);
             t.check(t.s.app().open(), "closed too early");
             t.s.advance(1ms);
             t.check(!t.s.app().open(), "kept until the app closes it");
           },
           "closed")},
      {"9112 9.5", Level::should, "An app that closes an idle connection is noticed, and not asked on it.",
       told([](Talk& t) {
         t.c.send(get());
         t.s.app().send(ok());
         t.answered();
         t.s.app().close();
         t.c.send(post("Content-Length: 0\r\n"));
         t.check(t.s.dialled() == 2, "no new connection");
         if (t.s.dialled() != 2) return;
         t.s.app(1).send(ok());
         t.see(t.answered(), {status(200)}, "the response");
       })},
      {"9110 3.3", Level::must_not, "Two requests on one connection to the app have nothing of each other.",
       told([](Talk& t) {
         testing::Peer& other = t.s.client("198.51.100.9");
         t.c.send(get("Cookie: session=1\r\nX-Request-Id: first-client\r\n"));
         t.asked();
         t.s.app().send(ok());
         t.answered();
         other.send(get());
         t.check(t.s.dialled() == 1, "the connection was not lent again");
         const Message second = t.asked();
         t.see(second, {absent("Cookie"), field("X-Forwarded-For", "198.51.100.9")}, "the second request");
         t.check(values_of(second.fields, "x-request-id") != std::vector<std::string>{"first-client"},
                 "the first's id");
         t.s.app().send(ok("", "for the second"));
         t.see(t.answered_to(other), {content("for the second")}, "the second client");
         t.check(t.c.received().empty(), "the first client hears of it");
       })},
  };
}

Rows pipelines() {
  return {
      {"9112 9.3.2", Level::must, "Responses go out in the order of their requests.", told([](Talk& t) {
         t.c.send(get("", "/1") + get("", "/2") + get("", "/3"));
         for (const std::string n : {"1", "2", "3"}) {
           t.see(t.asked(), {start("GET /" + n + " HTTP/1.1")}, "at the app");
           t.s.app().send(ok("", n));
         }
         std::string rest = t.c.take();
         for (const std::string n : {"1", "2", "3"}) {
           const Message answer = read_response(rest, false, false);
           t.see(answer, {status(200), content(n)}, "at the client");
           rest = answer.rest;
         }
         t.check(rest.empty() && t.c.open(), "more than three responses, or closed");
       })},
      {"9112 9.3.2", Level::must_not, "A request behind one that is not safe waits for its response.",
       told([](Talk& t) {
         t.c.send(sized_post("hello") + get("", "/2"));
         t.asked();
         t.check(t.s.dialled() == 1 && t.s.app().received().empty(), "the second was not held back");
         t.s.app().send(ok("", "1"));
         t.see(t.asked(), {start("GET /2 HTTP/1.1")}, "the second");
         t.s.app().send(ok("", "2"));
       })},
      {"9112 9.3.2", Level::must, "A bad request behind a good one is refused behind the good one's response.",
       told([](Talk& t) {
         t.c.send(get("", "/1") + "GET /2 HTTP/1.1\r\n\r\n");
         t.asked();
         t.check(t.c.received().empty(), "the refusal overtook");
         t.s.app().send(ok("", "1"));
         const Message first = read_response(t.c.received(), false, false);
         t.see(first, {status(200), content("1")}, "the first");
         t.see(read_response(first.rest, false, true), {status(400), field("Connection", "close")}, "the second");
         t.check(t.s.dialled() == 1 && t.s.app().received().empty(), "the second reached the app");
       })},
      {"9112 9.6", Level::must_not, "What is behind a request with `close` is not processed.",
       told(
           [](Talk& t) {
             t.c.send(get("Connection: close\r\n") + get("", "/2"));
             t.asked();
             t.s.app().send(ok());
             t.see(t.answered(), {status(200), field("Connection", "close")}, "the response");
             t.check(t.s.app().received().empty() && t.s.dialled() == 1, "the second reached the app");
             t.check(t.c.saw_end() && !t.c.was_reset(), "not closed in order");
           },
           "closed")},
      {"9112 9.6", Level::must_not, "What is behind a refused request is not processed.",
       refused(get("X-Own : 1\r\n") + get("", "/2"))},
      {"9112 9.6", Level::must_not, "What is behind a request in HTTP/1.0 is not processed.",
       told(
           [](Talk& t) {
             t.c.send(old_get() + get("", "/2"));
             t.asked();
             t.s.app().send(ok());
             t.answered();
             t.check(t.s.app().received().empty() && t.s.dialled() == 1, "the second reached the app");
           },
           "closed")},
  };
}

Rows closing() {
  return {
      {"9112 9.6", Level::must, "A client's `close` ends its connection behind the response, which says so.",
       Exchanged{.request = get("Connection: close\r\n"), .client = Fate::closed, .app = Fate::any}},
      {"9112 9.6", Level::must_not, "Nothing is sent to an app behind its `close`.",
       answered(ok("Connection: Close\r\n"), {content("hello")}, Fate::closed)},
      {"9112 9.6", Level::should, "A close waits for the client to have read: half first, then whole.",
       told(
           [](Talk& t) {
             t.c.send(post("Content-Length: 2000000\r\n", "some"));
             t.see(t.answered(), {status(413), field("Connection", "close")}, "the refusal");
             t.check(t.c.saw_end() && !t.c.closed(), "closed at once");
             t.c.send("more");
             t.check(!t.c.was_reset(), "reset in the client's face");
             t.c.close();
             t.check(t.c.closed(), "left open");
           },
           "413 `body_too_large`, closed")},
      {"9112 9.6", Level::should, "The last response while Holdfast ends says `close`.",
       told(
           [](Talk& t) {
             t.c.send(get());
             t.s.finish_begins();
             t.s.app().send(ok());
             t.see(t.answered(), {status(200), field("Connection", "close")}, "the response");
             t.check(t.c.closed(), "left open");
           },
           "closed")},
      {"9112 9.6", Level::must, "A response that ends early while content is sent says `close` and ends in order.",
       told(
           [](Talk& t) {
             t.c.send(post("Content-Length: 100000\r\n", "some"));
             t.s.app().send(response("403 Forbidden", "Content-Length: 2\r\n", "no"));
             t.see(t.answered(), {status(403), field("Connection", "close"), content("no")}, "the response");
             t.check(t.c.saw_end() && !t.c.was_reset(), "not closed in order");
             t.check(t.s.app().was_reset(), "the app may take a part for the whole");
           },
           "closed")},
      {"9112 9.4",
       Level::may,
       "An app is not asked more than its limit at once; who is over it is told when to return.",
       told(
           [](Talk& t) {
             testing::Peer& other = t.s.client("198.51.100.9");
             t.c.send(get());
             other.send(get());
             t.see(t.answered_to(other), {status(503), field("Retry-After", "1")}, "the second client");
             t.logged("queue_full");
             t.s.app().send(ok());
             t.see(t.answered(), {status(200)}, "the first client");
           },
           "503 `queue_full`"),
       {},
       "  limits: {concurrency: 1, queue: 0}"},
  };
}

}  // namespace

Rows persistence() { return joined({kept(), pipelines(), closing()}); }

TEST_CASE("conformance: persistence") { check_rows(persistence()); }

}  // namespace holdfast::conformance
