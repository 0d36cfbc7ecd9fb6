// field_lines: RFC 9110 5 and RFC 9112 5: names, values, their order and their number, in requests.
#include "tables.h"

namespace holdfast::conformance {
namespace {

using namespace std::string_literals;

std::string many(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += "X-" + std::to_string(i) + ": v\r\n";
  return lines;
}

Rows names() {
  return {
      {"9110 5.1", Level::must, "Field names are case-insensitive.",
       Exchanged{.request = get("cONNECTION: CLOSE\r\n"), .at_app = {absent("Connection")}, .client = Fate::closed}},
      {"9110 5.1", Level::must, "Fields that Holdfast does not know go on.",
       forwarded(get("X-Never-Heard-Of: 1\r\nz: 2\r\n"), {field("X-Never-Heard-Of", "1"), field("z", "2")})},
      {"9110 5.1", Level::must, "A name that only looks like another is another.",
       forwarded(get("Content_Length: 99\r\nContent-Lengt: 98\r\n"),
                 {field("Content_Length", "99"), field("Content-Lengt", "98"), content("")})},
      {"9110 5.1", Level::should, "A name has characters of a token only: no parenthesis.",
       refused(get("X(a): 1\r\n"))},
      {"9110 5.1", Level::should, "A name has characters of a token only: no SP.", refused(get("X a: 1\r\n"))},
      {"9110 5.1", Level::should, "A name has characters of a token only: no slash.", refused(get("X/a: 1\r\n"))},
      {"9110 5.1", Level::should, "A name has characters of a token only: no NUL.", refused(get("X\0a: 1\r\n"s))},
      {"9110 5.1", Level::should, "A name has characters of a token only: no byte above 127.",
       refused(get("X\xa0: 1\r\n"))},
      {"9110 5.1", Level::should, "A name has one character at least.", refused(get(": 1\r\n"))},
      {"9112 5", Level::should, "A field line has a colon.", refused(get("X-Own\r\n"))},
      {"9112 5.1", Level::must, "White space between a name and its colon is answered with 400: SP.",
       refused(get("X-Own : 1\r\n"))},
      {"9112 5.1", Level::must, "White space between a name and its colon is answered with 400: HTAB.",
       refused(get("X-Own\t: 1\r\n"))},
      {"9112 5.1", Level::must, "White space between Content-Length and its colon is answered with 400.",
       refused(post("Content-Length : 5\r\n", "hello"))},
      {"9112 5.1", Level::must, "White space between Transfer-Encoding and its colon is answered with 400.",
       refused(post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"))},
      {"9112 5.2", Level::must, "A folded line is answered with 400: SP.", refused(get("X-Own: 1\r\n 2\r\n"))},
      {"9112 5.2", Level::must, "A folded line is answered with 400: HTAB.", refused(get("X-Own: 1\r\n\t2\r\n"))},
      {"9112 5.2", Level::must, "A folded line is answered with 400: with nothing but white space in it.",
       refused(get("X-Own: 1\r\n \r\n"))},
      {"9112 5.2", Level::must, "A folded line is answered with 400: where it would hide the framing.",
       refused(post("X-Own: 1\r\n Content-Length: 5\r\n", "hello"))},
  };
}

Rows values() {
  return {
      {"9110 5.5", Level::must, "White space around a value is no part of it.",
       forwarded(post("Content-Length: \t 5 \t\r\n", "hello"), {content("hello")})},
      {"9110 5.5", Level::must, "A value needs no white space in front.",
       forwarded(get("X-Own:1\r\n"), {field("X-Own", "1")})},
      {"9110 5.5", Level::must, "A value may be empty.", forwarded(get("X-Own:\r\n"), {field("X-Own", "")})},
      {"9110 5.5", Level::should, "Bytes above 127 in a value are opaque and go on.",
       forwarded(get("X-Own: caf\xc3\xa9 \xff\r\n"), {field("X-Own", "caf\xc3\xa9 \xff")})},
      {"9110 5.5", Level::must, "HTAB and SP inside of a value go on.",
       forwarded(get("X-Own: a\tb  c\r\n"), {field("X-Own", "a\tb  c")})},
      {"9110 5.5", Level::must, "A colon, a comma and quotes inside of a value are of its own grammar and go on.",
       forwarded(get("X-Own: a:b, \"c,d\\\"\", (e)\r\n"), {field("X-Own", "a:b, \"c,d\\\"\", (e)")})},
      {"9110 5.5", Level::must, "NUL in a value is refused.", refused(get("X-Own: a\0b\r\n"s))},
      {"9110 5.5", Level::must, "CR in a value is refused.", refused(get("X-Own: a\rX-Other: b\r\n"))},
      {"9110 5.5", Level::must, "LF in a value is refused.", refused(get("X-Own: a\nX-Other: b\r\n"))},
      {"9110 5.5", Level::may, "Another control character in a value is refused: 01.",
       refused(get("X-Own: a\x01\x02\r\n"))},
      {"9110 5.5", Level::may, "Another control character in a value is refused: DEL.",
       refused(get("X-Own: a\x7f\r\n"))},
      {"9110 5.5", Level::may, "Another control character in a value is refused: vertical tab.",
       refused(get("X-Own: \va\r\n"))},
      {"9112 2.2", Level::may, "A lone LF does not end a field line.", refused(get("X-Own: a\nX-Two: b\n"))},
      {"9112 2.2", Level::may, "A lone LF does not end the field section.",
       refused("GET /a HTTP/1.1\r\nHost: a.example\r\n\n")},
      {"9112 2.2", Level::must, "A lone CR does not end the field section.",
       refused("GET /a HTTP/1.1\r\nHost: a.example\r\n\rX-Own: 1\r\n\r\n")},
      {"9112 2.2", Level::must, "Two CR do not end a line.", refused(get("X-Own: a\r\r\n"))},
  };
}

Rows sections() {
  return {
      {"9110 5.3", Level::must_not, "The order of fields of one name is not changed.",
       forwarded(get("X-Own: 1\r\nX-Other: x\r\nx-own: 2\r\nX-OWN: 3\r\n"), {fields("X-Own", {"1", "2", "3"})})},
      {"9110 5.3", Level::may, "Fields of one name are not combined.",
       forwarded(get("Accept: text/html\r\nAccept: text/plain;q=0.5\r\n"),
                 {fields("Accept", {"text/html", "text/plain;q=0.5"})})},
      {"9110 5.3", Level::must, "Cookie lines go on one by one.",
       forwarded(get("Cookie: a=1\r\nCookie: b=2; c=3\r\n"), {fields("Cookie", {"a=1", "b=2; c=3"})})},
      {"9110 5.6.1", Level::must, "Empty members of a list are ignored.",
       forwarded(get("Connection: ,, X-Hop ,\t,\r\nX-Hop: 1\r\nX-End: 2\r\n"), {absent("X-Hop"), field("X-End", "2")})},
      {"9110 5.4", Level::must, "A value of 20,000 bytes goes on whole.",
       forwarded(get("X-Own: " + std::string(20'000, 'v') + "\r\n"), {field("X-Own", std::string(20'000, 'v'))})},
      {"9110 5.4", Level::must, "A field section above the limit is answered with a 4xx.",
       refused(get("X-Own: " + std::string(33'000, 'v') + "\r\n"), "headers_too_large", {mentions("limit 32KiB")})},
      {"9110 5.4", Level::must, "More fields than the limit are answered with a 4xx.",
       refused(get(many(100)), "headers_too_large", {mentions("limit 100")})},
      {"9110 5.4", Level::must, "As many fields as the limit go on.",
       forwarded(get(many(99)), {field("X-0", "v"), field("X-98", "v")})},
      {"9110 5.1", Level::must_not, "A field is not passed in a spelling that was not received.", told([](Talk& t) {
         t.c.send(get("x-sPeLt: 1\r\n"));
         t.check(testing::contains(t.s.app().received(), "\r\nx-sPeLt: 1\r\n"), "another spelling at the app");
         t.s.app().send(ok("x-sPeLt: 2\r\n"));
         t.check(testing::contains(t.c.received(), "\r\nx-sPeLt: 2\r\n"), "another spelling at the client");
       })},
  };
}

}  // namespace

Rows field_lines() { return joined({names(), values(), sections()}); }

TEST_CASE("conformance: field lines") { check_rows(field_lines()); }

}  // namespace holdfast::conformance
