// expectations: RFC 9110 10.1.1: who waits for whom before content is sent.
#include "tables.h"

namespace holdfast::conformance {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view waits = "Expect: 100-continue\r\nContent-Length: 5\r\n";

Rows waited() {
  return {
      {"9110 10.1.1", Level::must, "100-continue goes on to the app, which decides.", told([](Talk& t) {
         t.c.send(post(waits));
         const Message asked = read_request(t.s.app().received());
         t.see(asked, {field("Expect", "100-continue"), field("Content-Length", "5"), content("")}, "at the app");
         t.check(t.c.received().empty(), "Holdfast answers in the app's place");
       })},
      {"9110 10.1.1", Level::must, "The 100 of the app reaches the client, whose content reaches the app.",
       told([](Talk& t) {
         t.c.send(post(waits));
         t.s.app().send(response("100 Continue"));
         t.equal(t.c.take(), "HTTP/1.1 100 Continue\r\n\r\n", "at the client");
         t.c.send("hello");
         t.see(t.asked(), {content("hello")}, "at the app");
         t.s.app().send(ok());
         t.see(t.answered(), {status(200)}, "the final response");
         t.check(t.c.open() && t.s.app().open(), "a connection was closed");
       })},
      {"9110 10.1.1", Level::must, "The same holds for content in chunks.", told([](Talk& t) {
         t.c.send(post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n"));
         t.s.app().send(response("100 Continue"));
         t.equal(t.c.take(), "HTTP/1.1 100 Continue\r\n\r\n", "at the client");
         t.c.send("5\r\nhello\r\n0\r\n\r\n");
         t.see(t.asked(), {chunked("hello")}, "at the app");
         t.s.app().send(ok());
         t.see(t.answered(), {status(200)}, "the final response");
       })},
      {"9110 10.1.1", Level::must, "The value is case-insensitive.", told([](Talk& t) {
         t.c.send(post("Expect: 100-Continue\r\nContent-Length: 5\r\n"));
         t.check(t.c.received().empty(), "Holdfast answers in the app's place");
         t.s.app().send(response("100 Continue"));
         t.equal(t.c.take(), "HTTP/1.1 100 Continue\r\n\r\n", "at the client");
       })},
      {"9110 10.1.1", Level::must_not, "A client that does not wait is not made to: its content goes on at once.",
       told([](Talk& t) {
         t.c.send(post(waits, "hello"));
         t.see(t.asked(), {content("hello")}, "at the app");
         t.s.app().send(ok());
         t.see(t.answered(), {status(200)}, "the response");
       })},
      {"9110 10.1.1", Level::may, "A final response in place of the 100 ends the expectation and the connection.",
       told(
           [](Talk& t) {
             t.c.send(post(waits));
             t.s.app().send(response("403 Forbidden", "Content-Length: 2\r\n", "no"));
             t.see(t.answered(), {status(403), field("Connection", "close"), content("no")}, "the response");
             t.check(t.c.saw_end() && !t.c.was_reset(), "not closed in order");
             t.check(t.s.app().was_reset(), "the app may wait for content that never comes");
           },
           "closed")},
      {"9110 10.1.1", Level::may, "A 417 of the app goes on.", told([](Talk& t) {
         t.c.send(post(waits));
         t.s.app().send(response("417 Expectation Failed", "Content-Length: 0\r\n"));
         t.see(t.answered(), {status(417)}, "the response");
       })},
      {"9110 10.1.1", Level::must_not, "An app that never answers keeps nobody waiting for ever.",
       told(
           [](Talk& t) {
             t.c.send(post(waits));
             t.s.advance(10s);
             t.see(t.answered(), {status(504)}, "the response");
             t.logged("app_first_byte_slow");
           },
           "504 `app_first_byte_slow`, closed")},
      {"9110 10.1.1", Level::may, "Content above the limit is refused before it is asked for.",
       refused(post("Expect: 100-continue\r\nContent-Length: 2000000\r\n"), "body_too_large")},
  };
}

Rows others() {
  return {
      {"9110 10.1.1", Level::must, "100-continue in HTTP/1.0 is ignored, and not forwarded as if it were waited for.",
       Exchanged{
           .request = "POST /a HTTP/1.0\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
           .at_app = {absent("Expect"), content("hello")},
           .client = Fate::closed}},
      {"9110 10.1.1", Level::must_not, "100-continue without content is not passed on.",
       forwarded(get("Expect: 100-continue\r\n"), {absent("Expect")})},
      {"9110 10.1.1", Level::must_not, "100-continue with content of no bytes is not passed on.",
       forwarded(post("Expect: 100-continue\r\nContent-Length: 0\r\n"), {absent("Expect")})},
      {"9110 10.1.1", Level::may, "An expectation that is not known is the app's to fail.",
       Exchanged{.request = post("Expect: 200-maybe\r\nContent-Length: 5\r\n", "hello"),
                 .at_app = {field("Expect", "200-maybe"), content("hello")},
                 .answer = response("417 Expectation Failed", "Content-Length: 0\r\n"),
                 .at_client = {status(417)}}},
      {"9110 10.1.1", Level::may, "100-continue among other members is not waited for and not passed on.",
       forwarded(post("Expect: 100-continue, 200-maybe\r\nContent-Length: 5\r\n", "hello"),
                 {absent("Expect"), content("hello")})},
      {"9110 10.1.1", Level::may, "100-continue twice is not waited for and not passed on.",
       forwarded(post("Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", "hello"),
                 {absent("Expect"), content("hello")})},
  };
}

}  // namespace

Rows expectations() { return joined({waited(), others()}); }

TEST_CASE("conformance: expectations") { check_rows(expectations()); }

}  // namespace holdfast::conformance
