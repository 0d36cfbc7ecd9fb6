// request_framing: RFC 9112 6 and RFC 9110 8.6: where the content of a request ends.
#include "tables.h"

namespace holdfast::conformance {
namespace {

using namespace std::string_literals;

Refused refused_length(std::string_view value) {
  return refused(post("Content-Length: " + std::string(value) + "\r\n", "hello"));
}

Rows lengths() {
  return {
      {"9112 6.3", Level::must, "Content-Length is the length of the content.",
       forwarded(sized_post("hello"), {field("Content-Length", "5"), content("hello")})},
      {"9110 8.6", Level::must, "A length of zero is announced as one.",
       forwarded(sized_post(""), {field("Content-Length", "0"), content("")})},
      {"9110 8.6", Level::should, "A POST without any framing has no content, and the app is told a length of zero.",
       forwarded(post(""), {field("Content-Length", "0"), content("")})},
      {"9110 8.6", Level::should, "A PUT without any framing has no content, and the app is told a length of zero.",
       forwarded(request("PUT /a"), {field("Content-Length", "0")})},
      {"9110 8.6", Level::should_not, "No length is announced for a GET that has no content.",
       forwarded(get(), {absent("Content-Length")})},
      {"9110 8.6", Level::should_not, "No length is announced for a DELETE that has no content.",
       forwarded(request("DELETE /a"), {absent("Content-Length")})},
      {"9110 8.6", Level::must, "Leading zeros do not change a length, which is written anew.",
       forwarded(post("Content-Length: 0005\r\n", "hello"), {field("Content-Length", "5"), content("hello")})},
      {"9110 8.6", Level::may, "A length twice in one field is refused even when both are the same.",
       refused_length("5, 5")},
      {"9110 8.6", Level::must, "Two lengths in one field that differ are answered with 400.", refused_length("5, 6")},
      {"9110 8.6", Level::may, "Two Content-Length are refused even when both say the same.",
       refused(post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"))},
      {"9112 6.3", Level::must, "Two Content-Length that differ are answered with 400.",
       refused(post("Content-Length: 5\r\nContent-Length: 0\r\n", "hello"))},
      {"9112 6.3", Level::must, "Two Content-Length of which one is empty are answered with 400.",
       refused(post("Content-Length:\r\nContent-Length: 5\r\n", "hello"))},
      {"9112 6.3", Level::must, "An empty Content-Length is answered with 400.", refused_length("")},
      {"9112 6.3", Level::must, "A length with a plus sign is answered with 400.", refused_length("+5")},
      {"9112 6.3", Level::must, "A negative length is answered with 400.", refused_length("-5")},
      {"9112 6.3", Level::must, "A length with a fraction is answered with 400.", refused_length("5.0")},
      {"9112 6.3", Level::must, "A hexadecimal length is answered with 400.", refused_length("0x5")},
      {"9112 6.3", Level::must, "A length with an exponent is answered with 400.", refused_length("5e0")},
      {"9112 6.3", Level::must, "A length with SP inside is answered with 400.", refused_length("5 5")},
      {"9112 6.3", Level::must, "A length with an underscore is answered with 400.", refused_length("1_0")},
      {"9112 6.3", Level::must, "A length with an empty list member is answered with 400.", refused_length("5,")},
      {"9112 6.3", Level::must, "A quoted length is answered with 400.", refused_length("\"5\"")},
      {"9112 6.3", Level::must, "A length with a parameter is answered with 400.", refused_length("5;a=b")},
      {"9112 6.3", Level::must, "A length with NUL behind it is answered with 400.", refused_length("5\0"s)},
      {"9112 6.3", Level::must, "A length in other digits than ASCII is answered with 400.",
       refused_length("\xd9\xa5")},
      {"9110 8.6", Level::must, "A length that wraps around 64 bits is not taken for a small one.",
       refused_length("18446744073709551621")},
      {"9110 8.6", Level::must, "A length that wraps around 32 bits is not taken for a small one.",
       refused(post("Content-Length: 4294967301\r\n", "hello"), "body_too_large")},
      {"9110 8.6", Level::must, "A length of 2^63 is refused.", refused_length("9223372036854775808")},
      {"9110 8.6", Level::must, "A length of a hundred digits is refused.", refused_length(std::string(100, '1'))},
      {"9110 15.5.14", Level::must, "Announced content above the limit is answered with 413, and with the limit.",
       refused(post("Content-Length: 1048577\r\n"), "body_too_large", {mentions("limit 1MiB")})},
  };
}

Rows places() {
  return {
      {"9112 6.3", Level::must, "What is behind a request without framing is the next request.", told([](Talk& t) {
         t.c.send(get("", "/1") + get("", "/2"));
         t.see(t.asked(), {start("GET /1 HTTP/1.1"), content("")}, "first");
         t.s.app().send(ok("", "1"));
         t.see(t.asked(), {start("GET /2 HTTP/1.1"), content("")}, "second");
         t.s.app().send(ok("", "2"));
         const Message first = read_response(t.c.received(), false, false);
         t.see(first, {content("1")}, "first");
         t.see(read_response(first.rest, false, false), {content("2")}, "second");
       })},
      {"9112 6.3", Level::must, "What is behind the announced length is the next request.", told([](Talk& t) {
         t.c.send(sized_post("hello") + get("", "/2"));
         t.see(t.asked(), {start("POST /a HTTP/1.1"), content("hello")}, "first");
         t.s.app().send(ok());
         t.see(t.asked(), {start("GET /2 HTTP/1.1"), content("")}, "second");
         t.s.app().send(ok());
       })},
      {"9112 6.3", Level::must, "What is behind the last chunk is the next request.", told([](Talk& t) {
         t.c.send(chunked_post("5\r\nhello\r\n0\r\n\r\n") + get("", "/2"));
         t.see(t.asked(), {start("POST /a HTTP/1.1"), chunked("hello")}, "first");
         t.s.app().send(ok());
         t.see(t.asked(), {start("GET /2 HTTP/1.1"), content("")}, "second");
         t.s.app().send(ok());
       })},
      {"9112 6", Level::must, "Content is opaque: a request inside of it is content.",
       forwarded(sized_post(get("", "/smuggled")), {content(get("", "/smuggled"))})},
      {"9112 6", Level::must, "Content is opaque: NUL, lone line ends and chunk marks go on.",
       forwarded(sized_post("\0\r\n\r\n0\r\n\r\n\xff\n"s), {content("\0\r\n\r\n0\r\n\r\n\xff\n"s)})},
      {"9112 6", Level::must, "Content of a GET is framed as that of any request.",
       forwarded(request("GET /a", "Content-Length: 5\r\n", "hello"),
                 {field("Content-Length", "5"), content("hello")})},
      {"9112 6", Level::must, "Content of a HEAD is framed as that of any request.",
       Exchanged{.request = request("HEAD /a", "Content-Length: 5\r\n", "hello"),
                 .at_app = {content("hello")},
                 .answer = response("200 OK", "Content-Length: 9\r\n")}},
      {"9112 6", Level::must, "Content of a DELETE is framed as that of any request.",
       forwarded(request("DELETE /a", "Content-Length: 5\r\n", "hello"), {content("hello")})},
      {"9112 6", Level::must, "Content of an OPTIONS is framed as that of any request.",
       forwarded(request("OPTIONS /a", "Content-Length: 5\r\n", "hello"), {content("hello")})},
      {"9112 6", Level::must, "Content of a method that is not known is framed as that of any request.",
       forwarded(request("REPORT /a", "Content-Length: 5\r\n", "hello"), {content("hello")})},
      {"9112 6", Level::must, "Content of a PATCH goes on.",
       forwarded(request("PATCH /a", "Content-Length: 5\r\n", "hello"), {content("hello")})},
      {"9112 6", Level::must, "Content in chunks of a GET is framed as that of any request.",
       forwarded(request("GET /a", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), {chunked("hello")})},
      {"9112 6.3", Level::must, "Content with a length is accepted in HTTP/1.0.",
       Exchanged{.request = "POST /a HTTP/1.0\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello",
                 .at_app = {start("POST /a HTTP/1.1"), content("hello")},
                 .client = Fate::closed}},
  };
}

}  // namespace

Rows request_framing() { return joined({lengths(), places()}); }

TEST_CASE("conformance: request framing") { check_rows(request_framing()); }

}  // namespace holdfast::conformance
