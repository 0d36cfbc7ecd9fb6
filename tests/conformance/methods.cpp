// methods: RFC 9110 9.3 and 7.6.2: the methods that mean something to an intermediary.
#include "tables.h"

namespace holdfast::conformance {
namespace {

Exchanged head(std::string answer, Facts facts) {
  return Exchanged{.request = request("HEAD /a"),
                   .at_app = {start("HEAD /a HTTP/1.1"), content("")},
                   .answer = std::move(answer),
                   .at_client = std::move(facts)};
}

Exchanged max_forwards(std::string_view value, Facts at_app) {
  return forwarded(request("OPTIONS /a", "Max-Forwards: " + std::string(value) + "\r\n"), std::move(at_app));
}

void answers_itself(Talk& t, std::string_view request) {
  t.c.send(request);
  t.check(t.s.dialled() == 0, "the request reached the app");
  t.see(t.answered(), {status(204), field("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")}, "the answer");
  t.logged("ok");
}

Rows heads() {
  return {
      {"9110 9.3.2", Level::must_not, "The response to HEAD has no content, whatever length it tells.",
       head(response("200 OK", "Content-Length: 1234\r\n"), {status(200), field("Content-Length", "1234")})},
      {"9110 9.3.2", Level::must_not, "The response to HEAD has no content, whatever coding it tells.",
       head(response("200 OK", "Transfer-Encoding: chunked\r\n"), {status(200), content("")})},
      {"9110 9.3.2", Level::should, "The response to HEAD has the fields that GET would get.",
       head(response("200 OK", "ETag: \"x\"\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nVary: Accept\r\n"),
            {field("ETag", "\"x\""), field("Content-Type", "text/html"), field("Content-Encoding", "gzip"),
             field("Vary", "Accept")})},
      {"9112 6.3", Level::must, "A 404 to HEAD ends with its head.",
       head(response("404 Not Found", "Content-Length: 9\r\n"), {status(404), field("Content-Length", "9")})},
      {"9112 6.3", Level::must, "Content that an app sends to HEAD answers nothing.", told([](Talk& t) {
         t.c.send(request("HEAD /a"));
         t.s.app().send(ok("", "a body nobody asked for"));
         t.see(t.answered(true), {status(200), field("Content-Length", "23")}, "HEAD");
         t.check(!t.s.app().open(), "the app's connection is kept");
         t.c.send(get("", "/2"));
         t.s.app(t.s.dialled() - 1).send(ok("", "its own"));
         t.see(t.answered(), {content("its own")}, "the next response");
       })},
      {"9110 9.3.2", Level::must_not, "A refusal of HEAD has no content: because of its content's length.",
       refused(request("HEAD /a", "Content-Length: 2000000\r\n"), "body_too_large")},
      {"9110 9.3.2", Level::must_not, "A refusal of HEAD has no content: because of a missing Host.",
       refused("HEAD /a HTTP/1.1\r\n\r\n")},
      {"9110 9.3.2", Level::must_not, "A refusal of HEAD has no content: because of a bad field line.",
       refused(request("HEAD /a", "X-Own : 1\r\n"))},
      {"9110 9.3.2", Level::must_not, "A 502 to HEAD has no content.",
       Exchanged{.request = request("HEAD /a"),
                 .answer = "garbage\r\n\r\n",
                 .at_client = {status(502), content("")},
                 .reason = "app_bad_response"}},
      {"9110 9.3.2", Level::must_not, "A 500 of the app to HEAD has no content, and keeps its fields.",
       Exchanged{.request = request("HEAD /a"),
                 .answer = response("500 Oops", "Content-Length: 9\r\n"),
                 .at_client = {start("HTTP/1.1 500 Oops"), field("Content-Length", "9"), content("")},
                 .reason = "app_5xx"}},
  };
}

Rows others() {
  return {
      {"9110 9.3.6", Level::may, "CONNECT is refused: Holdfast is no tunnel.",
       refused("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n", "method_refused")},
      {"9110 9.3.8", Level::must_not, "TRACE is refused, so that nothing a client sent is shown to a script.",
       refused(request("TRACE /a", "Authorization: Basic eDp5\r\nCookie: a=b\r\n"), "method_refused")},
      {"9110 7.6.2", Level::must_not, "TRACE with Max-Forwards: 0 is not forwarded.",
       refused(request("TRACE /a", "Max-Forwards: 0\r\n"), "method_refused")},
      {"9110 9.3.8", Level::must_not, "TRACE with content is not forwarded.",
       refused(request("TRACE /a", "Content-Length: 5\r\n", "hello"), "method_refused")},
      {"9110 9.1", Level::must, "`trace` is not TRACE, and goes on.",
       forwarded(request("trace /a"), {start("trace /a HTTP/1.1")})},
      {"9110 7.6.2", Level::must, "OPTIONS with Max-Forwards: 0 is answered by Holdfast.",
       told([](Talk& t) { answers_itself(t, request("OPTIONS /a", "Max-Forwards: 0\r\n")); }, "204")},
      {"9110 7.6.2", Level::must, "OPTIONS * with Max-Forwards: 0 is answered by Holdfast.",
       told([](Talk& t) { answers_itself(t, request("OPTIONS *", "Max-Forwards: 0\r\n")); }, "204")},
      {"9110 7.6.2", Level::must_not, "Zero in more than one digit is zero.",
       told([](Talk& t) { answers_itself(t, request("OPTIONS /a", "Max-Forwards: 000\r\n")); }, "204")},
      {"9110 7.6.2", Level::must, "Max-Forwards of OPTIONS goes on decremented.",
       max_forwards("2", {field("Max-Forwards", "1")})},
      {"9110 7.6.2", Level::must, "Max-Forwards of OPTIONS goes on decremented: to zero.",
       max_forwards("1", {field("Max-Forwards", "0")})},
      {"9110 7.6.2", Level::must, "Max-Forwards of OPTIONS goes on decremented: from a large number.",
       max_forwards("10000000000", {field("Max-Forwards", "9999999999")})},
      {"9110 7.6.2", Level::must, "Max-Forwards that is no number is not passed on as one.",
       max_forwards("many", {absent("Max-Forwards")})},
      {"9110 7.6.2", Level::may, "Max-Forwards of another method is left alone.",
       forwarded(get("Max-Forwards: 0\r\n"), {field("Max-Forwards", "0")})},
      {"9110 9.3.7", Level::must, "OPTIONS for a resource goes on, and so does the answer of the app.",
       Exchanged{.request = request("OPTIONS /a"),
                 .at_app = {start("OPTIONS /a HTTP/1.1")},
                 .answer = response("200 OK", "Allow: GET\r\nContent-Length: 0\r\n"),
                 .at_client = {field("Allow", "GET"), field("Content-Length", "0")}}},
      {"9110 9.3.7", Level::must, "OPTIONS with content keeps its Content-Type.",
       forwarded(request("OPTIONS /a", "Content-Type: text/plain\r\nContent-Length: 5\r\n", "hello"),
                 {field("Content-Type", "text/plain"), content("hello")})},
  };
}

}  // namespace

Rows methods() { return joined({heads(), others()}); }

TEST_CASE("conformance: methods") { check_rows(methods()); }

}  // namespace holdfast::conformance
