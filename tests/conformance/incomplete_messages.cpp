// incomplete_messages: RFC 9112 8 and RFC 9110 9.2.2: what ends too early, and what may be sent again.
#include "tables.h"

namespace holdfast::conformance {
namespace {

using namespace std::chrono_literals;

Exchanged cut(std::string answer, AppEnd then) {
  return Exchanged{.request = get(),
                   .answer = std::move(answer),
                   .then = then,
                   .at_client = {status(200)},
                   .reason = "app_truncated",
                   .client = Fate::cut,
                   .app = Fate::closed};
}

void warm(Talk& t) {
  t.c.send(get());
  t.asked();
  t.s.app().send(ok());
  t.answered();
}

// `request` goes out on a reused connection that dies before it answers.
void dies(Talk& t, std::string_view request, bool again) {
  warm(t);
  t.c.send(request);
  t.asked();
  t.s.app(0).close();
  t.check(t.s.dialled() == (again ? 2U : 1U), again ? "not sent again" : "sent again");
  if (again && t.s.dialled() == 2) {
    t.asked(1);
    t.s.app(1).send(ok("", "the second try"));
    t.see(t.answered(), {status(200), content("the second try")}, "the response");
  }
  if (again) return;
  t.see(t.answered(), {status(502)}, "the response");
  t.logged("app_reset");
}

Rows responses() {
  return {
      {"9112 8", Level::must, "A response shorter than its length does not look complete.",
       cut(response("200 OK", "Content-Length: 10\r\n", "hello"), AppEnd::closes)},
      {"9112 8", Level::must, "A response shorter than its length does not look complete: by a reset.",
       cut(response("200 OK", "Content-Length: 10\r\n", "hello"), AppEnd::resets)},
      {"9112 8", Level::must, "Chunks without the last one do not look complete.",
       cut(chunked_ok("5\r\nhello\r\n"), AppEnd::closes)},
      {"9112 8", Level::must, "Chunks without the last one do not look complete: by a reset.",
       cut(chunked_ok("5\r\nhello\r\n"), AppEnd::resets)},
      {"9112 8", Level::must, "Half a chunk does not look complete.", cut(chunked_ok("a\r\nhello"), AppEnd::closes)},
      {"9112 8", Level::must, "Half a size does not look complete.",
       cut(chunked_ok("5\r\nhello\r\n1"), AppEnd::closes)},
      {"9112 8", Level::must, "A last chunk without its empty line does not look complete.",
       cut(chunked_ok("5\r\nhello\r\n0\r\n"), AppEnd::closes)},
      {"9112 8", Level::must, "Trailers without their empty line do not look complete.",
       cut(chunked_ok("5\r\nhello\r\n0\r\nX-Sum: 1\r\n"), AppEnd::closes)},
      {"9112 8", Level::must, "Content up to the end of a connection that was reset does not look complete.",
       cut(response("200 OK", "", "hello"), AppEnd::resets)},
      {"9112 8", Level::must, "Nor does it for a client in HTTP/1.0, whose only mark is the end of the connection.",
       told(
           [](Talk& t) {
             t.c.send("GET /a HTTP/1.0\r\nHost: a.example\r\n\r\n");
             t.s.app().send(chunked_ok("5\r\nhello\r\n")).close();
             t.check(t.c.was_reset(), "an orderly end behind half a response");
             t.logged("app_truncated");
           },
           "reset")},
      {"9112 8", Level::must, "A head that ends inside of a field is no response.",
       bad_gateway("HTTP/1.1 200 OK\r\nContent-Le", AppEnd::closes, "app_reset")},
      {"9112 8", Level::must, "A head that ends before its empty line is no response.",
       bad_gateway("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", AppEnd::closes, "app_reset")},
      {"9112 8", Level::must, "A status line alone is no response.",
       bad_gateway("HTTP/1.1 200 OK\r\n", AppEnd::resets, "app_reset")},
      {"9110 15.6.3", Level::must, "A connection that closes without a byte is answered with 502.",
       bad_gateway("", AppEnd::closes, "app_reset")},
  };
}

Rows requests() {
  return {
      {"9112 8", Level::must, "A request shorter than its length is not complete for the app.",
       told(
           [](Talk& t) {
             t.c.send(post("Content-Length: 10\r\n", "hello")).close();
             t.check(!read_request(t.s.app().received()).complete, "the app sees a complete request");
             t.check(t.s.app().was_reset(), "the app may take a part for the whole");
             t.logged("client_gone");
           },
           "the app sees an aborted request")},
      {"9112 8", Level::must, "Chunks without the last one are not complete for the app.",
       told(
           [](Talk& t) {
             t.c.send(chunked_post("5\r\nhello\r\n")).close();
             const std::string seen = t.s.app().received();
             t.check(!read_request(seen).complete && !testing::contains(seen, "\r\n0\r\n"), "a last chunk was made up");
             t.check(t.s.app().was_reset(), "the app may take a part for the whole");
           },
           "the app sees an aborted request")},
      {"9112 8", Level::must, "A client that half closes inside of its content has not sent it.",
       told(
           [](Talk& t) {
             t.c.send(chunked_post("5\r\nhello\r\n")).finish();
             t.check(!read_request(t.s.app().received()).complete, "the app sees a complete request");
             t.check(t.s.app().was_reset(), "the app may take a part for the whole");
           },
           "the app sees an aborted request")},
      {"9112 8", Level::must, "A head that ends inside of a line is not forwarded.", told([](Talk& t) {
         t.c.send("GET /a HTTP/1.1\r\nHost: a.ex").close();
         t.check(t.s.dialled() == 0, "it reached the app");
         t.logged("client_gone");
       })},
      {"9112 8", Level::must, "A head that ends before its empty line is not forwarded.", told([](Talk& t) {
         t.c.send("GET /a HTTP/1.1\r\nHost: a.example\r\n").finish();
         t.check(t.s.dialled() == 0, "it reached the app");
       })},
      {"9110 15.5.9", Level::may, "A head that does not end in time is answered with 408, and closed.",
       told(
           [](Talk& t) {
             t.c.send("GET /a HTTP/1.1\r\nHost: a.example\r\n");
             t.s.advance(10s);
             t.see(t.answered(), {status(408), field("Connection", "close")}, "the response");
             t.check(t.s.dialled() == 0, "it reached the app");
             t.logged("client_headers_slow");
           },
           "408 `client_headers_slow`, closed")},
      {"9110 15.5.9", Level::may, "Content that stops is answered with 408, and the app sees an aborted request.",
       told(
           [](Talk& t) {
             t.c.send(post("Content-Length: 10\r\n", "hello"));
             t.s.advance(15s);
             t.see(t.answered(), {status(408), field("Connection", "close")}, "the response");
             t.check(t.s.app().was_reset(), "the app may take a part for the whole");
             t.logged("client_body_slow");
           },
           "408 `client_body_slow`, closed")},
      {"9110 15.6.5", Level::must, "An app that does not answer in time is answered for with 504.",
       told(
           [](Talk& t) {
             t.c.send(get());
             t.s.advance(10s);
             t.see(t.answered(), {status(504)}, "the response");
             t.check(!t.s.app().open() && t.c.open(), "the wrong connection was closed");
             t.logged("app_first_byte_slow");
           },
           "504 `app_first_byte_slow`")},
  };
}

Rows again() {
  return {
      {"9112 9.3.1", Level::may, "A GET on a reused connection that died is sent once more: it is idempotent.",
       told([](Talk& t) { dies(t, get("", "/b"), true); })},
      {"9110 9.2.2", Level::may, "A DELETE without content is sent once more: it is idempotent.",
       told([](Talk& t) { dies(t, request("DELETE /b"), true); })},
      {"9110 9.2.2", Level::must_not, "A POST is not sent again, even on a reused connection that died.",
       told([](Talk& t) { dies(t, sized_post("hello"), false); }, "502 `app_reset`")},
      {"9110 9.2.2", Level::must_not, "A POST without content is not sent again.",
       told([](Talk& t) { dies(t, sized_post(""), false); }, "502 `app_reset`")},
      {"9110 9.2.2", Level::must_not, "A PATCH is not sent again.",
       told([](Talk& t) { dies(t, request("PATCH /b", "Content-Length: 2\r\n", "{}"), false); }, "502 `app_reset`")},
      {"9110 9.2.2", Level::must_not, "A method that is not known is not sent again.",
       told([](Talk& t) { dies(t, request("REPORT /b"), false); }, "502 `app_reset`")},
      {"9112 9.3.1", Level::should_not, "Nothing is sent a third time.",
       told(
           [](Talk& t) {
             warm(t);
             t.c.send(get("", "/b"));
             t.s.app(0).close();
             if (t.s.dialled() != 2) return t.check(false, "not sent again");
             t.s.app(1).close();
             t.check(t.s.dialled() == 2, "sent a third time");
             t.see(t.answered(), {status(502)}, "the response");
           },
           "502 `app_reset`")},
      {"9112 9.3.1", Level::must_not, "Nothing is sent again behind the first byte of a response.",
       told(
           [](Talk& t) {
             warm(t);
             t.c.send(get("", "/b"));
             t.s.app(0).send("H").close();
             t.check(t.s.dialled() == 1, "sent again");
             t.see(t.answered(), {status(502)}, "the response");
           },
           "502 `app_reset`")},
  };
}

}  // namespace

Rows incomplete_messages() { return joined({responses(), requests(), again()}); }

TEST_CASE("conformance: incomplete messages") { check_rows(incomplete_messages()); }

}  // namespace holdfast::conformance
