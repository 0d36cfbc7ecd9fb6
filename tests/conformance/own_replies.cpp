// own_replies: RFC 9110 15: what Holdfast says in the app's place.
#include "tables.h"

namespace holdfast::conformance {
namespace {

using namespace std::chrono_literals;

void refused_connection(Talk& t, int wanted, std::string_view reason) {
  t.s.app_is(testing::App::refuses);
  t.c.send(get());
  t.see(t.answered(), {status(wanted)}, "the response");
  t.logged(reason);
}

Rows gateway() {
  return {
      {"9110 15.6.3", Level::must, "An invalid response of the app is answered with 502.",
       bad_gateway("nonsense\r\n\r\n")},
      {"9110 15.6.4", Level::may, "While the app has never been up, 503 says when to try again.",
       told(
           [](Talk& t) {
             t.s.app_is(testing::App::refuses);
             t.c.send(get());
             t.see(t.answered(), {status(503), field("Retry-After", "1")}, "the response");
             t.check(t.c.open(), "the connection is closed");
             t.logged("app_not_ready");
           },
           "503 `app_not_ready`")},
      {"9110 15.6.3", Level::must, "An app that was up and refuses connections is answered for with 502.",
       told(
           [](Talk& t) {
             t.c.send(get());
             t.s.app().send(ok("Connection: close\r\n"));
             t.answered();
             refused_connection(t, 502, "app_refused");
           },
           "502 `app_refused`")},
      {"9110 15.6.5", Level::must, "An app that cannot be reached in time is answered for with 504.",
       told(
           [](Talk& t) {
             t.s.app_is(testing::App::hangs);
             t.c.send(get());
             t.s.advance(1s);
             t.see(t.answered(), {status(504)}, "the response");
             t.logged("app_connect_slow");
           },
           "504 `app_connect_slow`")},
      {"9110 15.6.5", Level::must, "An app that does not end its response in time is cut, not completed.",
       told(
           [](Talk& t) {
             t.c.send(get());
             t.s.app().send(chunked_ok("5\r\nhello\r\n"));
             t.s.advance(15s);
             t.check(!read_response(t.c.received(), false, false).complete && !t.c.open(), "looks complete");
             t.logged("app_request_slow");
           },
           "cut")},
      {"9110 15.6.4",
       Level::may,
       "What is shed says when to try again: too many requests of one client.",
       told(
           [](Talk& t) {
             t.c.send(get());
             t.s.app().send(ok());
             t.answered();
             t.c.send(get());
             const Message answer = t.answered();
             t.see(answer, {status(429), field("Retry-After", "1")}, "the response");
             t.logged("rate_limited");
           },
           "429 `rate_limited`"),
       {},
       "  rateLimit: {mode: enforce, rate: 1/s, burst: 1}"},
      {"9110 15.6.4", Level::may, "What comes while Holdfast ends and the app is gone says when to try again.",
       told(
           [](Talk& t) {
             t.s.app_is(testing::App::refuses);
             t.s.drain_begins();
             t.c.send(get());
             t.see(t.answered(), {status(503), field("Retry-After", "1")}, "the response");
             t.logged("draining");
           },
           "503 `draining`")},
  };
}

Rows representations() {
  return {
      {"9110 15.5", Level::should, "A 4xx explains itself, and says where: 400.",
       refused("GET /a HTTP/1.1\r\n\r\n", "bad_request", {mentions("bad request: no host")})},
      {"9110 15.5.14", Level::may, "A 413 says which limit there is.",
       refused(post("Content-Length: 2000000\r\n"), "body_too_large", {mentions("limit 1MiB")})},
      {"9110 15.5.15", Level::should, "A 414 says which limit there is.",
       refused(get("", "/" + std::string(9'000, 'x')), "uri_too_long", {mentions("limit 8KiB")})},
      {"9110 15.6", Level::should, "A 5xx explains itself as far as that is a client's business.",
       Exchanged{.request = get(),
                 .answer = "nonsense of inner.example\r\n\r\n",
                 .at_client = {status(502), mentions("\"error\":\"internal error\",\"request_id\":\"")},
                 .reason = "app_bad_response"}},
      {"9110 15.6.2", Level::should, "A 501 explains itself.",
       refused(request("TRACE /a"), "method_refused", {mentions("method not supported")})},
      {"9110 15.6.6", Level::should, "A 505 explains itself.",
       refused("GET /a HTTP/2.0\r\nHost: a.example\r\n\r\n", "unsupported_version",
               {mentions("HTTP version not supported")})},
      {"9112 11.2", Level::must_not, "A refusal does not repeat what it refuses: nothing can be injected through it.",
       told(
           [](Talk& t) {
             t.c.send("GET /a HTTP/1.1\r\nHost: a.example\r\nX-<script>: \"}{\r\n\r\n");
             const std::string bytes = t.c.received();
             t.check(!testing::contains(bytes, "script"), "the request is in its refusal");
             t.see(read_response(bytes, false, true), {status(400)}, "the refusal");
           },
           "400 `bad_request`, closed")},
      {"9112 11.1", Level::must_not, "A line end in a target cannot split the response to it.", told([](Talk& t) {
         t.c.send(get("", "/a%0d%0aSet-Cookie:%20a=b"));
         t.s.app().send(ok());
         t.see(t.answered(), {absent("Set-Cookie")}, "the response");
       })},
      {"9112 11.2", Level::must, "A request hidden in another by framing that two could read in two ways is not one.",
       refused("POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 44\r\nTransfer-Encoding: chunked\r\n\r\n"
               "0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a.example\r\n\r\n")},
      {"9112 4", Level::must, "The status line of a refusal in HTTP/1.0 says HTTP/1.1.",
       refused("GET /a HTTP/1.0\r\nX-Own : 1\r\n\r\n", "bad_request", {start("HTTP/1.1 400 Bad Request")})},
      {"9110 15.5.9", Level::should, "A 408 says `close`, whatever the connection could have been used for.",
       told(
           [](Talk& t) {
             t.c.send(get() + "GET /b HTTP/1.1\r\n");
             t.s.app().send(ok());
             t.answered();
             t.s.advance(10s);
             t.see(t.answered(), {status(408), field("Connection", "close")}, "the 408");
             t.check(t.c.saw_end(), "left open");
           },
           "408 `client_headers_slow`, closed")},
      {"9112 9.5", Level::should, "A connection on which nothing ever comes is closed in silence.",
       told(
           [](Talk& t) {
             t.s.advance(10s);
             t.check(t.c.closed() && t.c.received().empty(), "not closed in silence");
           },
           "closed")},
  };
}

}  // namespace

Rows own_replies() { return joined({gateway(), representations()}); }

TEST_CASE("conformance: own replies") { check_rows(own_replies()); }

}  // namespace holdfast::conformance
