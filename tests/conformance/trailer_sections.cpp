// trailer_sections: RFC 9110 6.5 and RFC 9112 7.1.2, in both directions.
#include "tables.h"

namespace holdfast::conformance {
namespace {

using namespace std::string_literals;

std::string hello(std::string_view trailers) { return "5\r\nhello\r\n0\r\n" + std::string(trailers) + "\r\n"; }

Exchanged request_with(std::string_view trailers, Facts at_app) {
  at_app.push_back(chunked("hello"));
  return forwarded(chunked_post(hello(trailers)), std::move(at_app));
}
Exchanged response_with(std::string_view trailers, Facts at_client) {
  at_client.push_back(chunked("hello"));
  return answered(chunked_ok(hello(trailers)), std::move(at_client), Fate::kept);
}
Exchanged cut_response(std::string_view trailers) {
  return Exchanged{.request = get(),
                   .answer = chunked_ok(hello(trailers)),
                   .reason = "app_bad_response",
                   .client = Fate::cut,
                   .app = Fate::closed};
}

Rows passed() {
  return {
      {"9110 6.5.1", Level::must_not, "Trailers of a request are not merged into its fields.",
       request_with("X-Sum: 1\r\n", {fields("X-Sum", {}), trailer("X-Sum", "1")})},
      {"9110 6.5.1", Level::must_not, "Trailers of a response are not merged into its fields.",
       response_with("X-Sum: 1\r\n", {fields("X-Sum", {}), trailer("X-Sum", "1")})},
      {"9112 7.1.2", Level::may, "Trailer goes on where the trailers go.",
       forwarded(chunked_post(hello("X-Sum: 1\r\n"), "Trailer: X-Sum\r\n"),
                 {field("Trailer", "X-Sum"), trailer("X-Sum", "1")})},
      {"9112 7.1.2", Level::may, "Trailers are dropped where there are no chunks, and Trailer with them.",
       Exchanged{.request = "GET /a HTTP/1.0\r\nHost: a.example\r\n\r\n",
                 .answer = chunked_ok(hello("X-Sum: 1\r\n"), "Trailer: X-Sum\r\n"),
                 .at_client = {absent("X-Sum"), absent("Trailer"), content("hello")},
                 .client = Fate::closed}},
      {"9110 6.5.1", Level::must_not, "A length in the trailers of a request is no framing.",
       request_with("Content-Length: 3\r\nX-Sum: 1\r\n", {absent("Content-Length"), trailer("X-Sum", "1")})},
      {"9110 6.5.1", Level::must_not, "A coding in the trailers of a request is no framing.",
       request_with("Transfer-Encoding: chunked\r\n", {field("Transfer-Encoding", "chunked"), content("hello")})},
      {"9110 6.5.1", Level::must_not, "A Host in the trailers routes nothing.",
       request_with("Host: b.example\r\n", {field("Host", "a.example")})},
      {"9110 6.5.1", Level::must_not, "Credentials in the trailers authenticate nobody.",
       request_with("Authorization: Basic eDp5\r\nCookie: a=b\r\n", {absent("Authorization"), absent("Cookie")})},
      {"9110 6.5.1", Level::must_not, "Request modifiers in the trailers modify nothing.",
       request_with(
           "If-Match: \"x\"\r\nRange: bytes=0-1\r\nExpect: 100-continue\r\nMax-Forwards: 3\r\nTE: trailers\r\n",
           {absent("If-Match"), absent("Range"), absent("Expect"), absent("Max-Forwards"), absent("TE")})},
      {"9110 6.5.1", Level::must_not, "Where a request comes from is not told by its trailers.",
       request_with("X-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\n",
                    {field("X-Forwarded-For", "192.0.2.7")})},
      {"9110 6.5.1", Level::must_not, "A request id in the trailers names nothing.",
       request_with("X-Request-Id: an-id-of-the-client\r\n", {no_trailer("X-Request-Id")})},
      {"9110 6.5.1", Level::must_not, "Cookies in the trailers of a response set nothing.",
       response_with("Set-Cookie: a=b\r\nX-Sum: 1\r\n", {absent("Set-Cookie"), trailer("X-Sum", "1")})},
      {"9110 6.5.1", Level::must_not, "Response fields that steer a client are not taken from trailers.",
       response_with("Location: /b\r\nCache-Control: max-age=5\r\nContent-Type: text/html\r\nVary: *\r\n",
                     {absent("Location"), absent("Cache-Control"), absent("Content-Type"), absent("Vary")})},
      {"9110 7.6.1", Level::must, "Connection in the trailers is not forwarded and names nothing.",
       response_with("Connection: X-Sum\r\nX-Sum: 1\r\n", {absent("Connection"), trailer("X-Sum", "1")})},
      {"9110 6.5.1", Level::may, "A digest of the content may be in the trailers.",
       response_with("Content-Digest: sha-256=:x:\r\n", {trailer("Content-Digest", "sha-256=:x:")})},
      {"9110 5.3", Level::must_not, "The order of trailers of one name is not changed.", told([](Talk& t) {
         t.c.send(chunked_post(hello("X-Sum: 1\r\nX-Other: x\r\nx-sum: 2\r\n")));
         const auto values = values_of(t.asked().trailers, "x-sum");
         t.check(values == std::vector<std::string>{"1", "2"}, "another order");
         t.s.app().send(ok());
       })},
  };
}

Rows broken() {
  return {
      {"9112 7.1.2", Level::must, "A trailer of a request with white space before its colon is refused.",
       aborted(chunked_post(hello("X-Sum : 1\r\n")))},
      {"9112 7.1.2", Level::must, "A folded trailer of a request is refused.",
       aborted(chunked_post(hello("X-Sum: 1\r\n 2\r\n")))},
      {"9112 7.1.2", Level::should, "A trailer of a request without a colon is refused.",
       aborted(chunked_post(hello("X-Sum\r\n")))},
      {"9112 7.1.2", Level::should, "A trailer of a request without a name is refused.",
       aborted(chunked_post(hello(": 1\r\n")))},
      {"9112 7.1.2", Level::should, "A request in the place of trailers is no trailer.",
       aborted(chunked_post("5\r\nhello\r\n0\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n"))},
      {"9110 5.5", Level::must, "NUL in a trailer of a request is refused.",
       aborted(chunked_post(hello("X-Sum: \0\r\n"s)))},
      {"9110 5.5", Level::must, "CR in a trailer of a request is refused.",
       aborted(chunked_post(hello("X-Sum: a\rb\r\n")))},
      {"9112 2.2", Level::may, "A lone LF does not end a trailer of a request.",
       aborted(chunked_post(hello("X-Sum: a\n")))},
      {"9110 5.4", Level::may, "Trailers of a request above 16 KiB are refused.",
       aborted(chunked_post(hello("X-Sum: " + std::string(17'000, 'x') + "\r\n")), "headers_too_large")},
      {"9112 7.1.2", Level::must, "A bad trailer of a response makes it incomplete: white space before the colon.",
       cut_response("X-Sum : 1\r\n")},
      {"9112 7.1.2", Level::must, "A bad trailer of a response makes it incomplete: a fold.",
       cut_response("X-Sum: 1\r\n 2\r\n")},
      {"9110 5.5", Level::must, "A bad trailer of a response makes it incomplete: NUL.",
       cut_response("X-Sum: a\0b\r\n"s)},
  };
}

}  // namespace

Rows trailer_sections() { return joined({passed(), broken()}); }

TEST_CASE("conformance: trailer sections") { check_rows(trailer_sections()); }

}  // namespace holdfast::conformance
