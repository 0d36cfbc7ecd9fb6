// status_lines: RFC 9112 4 and 5, RFC 9110 15: the heads of responses, of which Holdfast is the recipient and the
// sender.
#include "tables.h"

namespace holdfast::conformance {
namespace {

using namespace std::string_literals;

std::string with_line(std::string_view line) { return std::string(line) + "\r\nContent-Length: 5\r\n\r\nhello"; }
Exchanged refused_line(std::string_view line) { return bad_gateway(with_line(line)); }
Exchanged refused_field(std::string_view line) { return bad_gateway(ok(std::string(line) + "\r\n")); }

Rows lines() {
  return {
      {"9112 4", Level::must, "Status code and reason phrase go on as they came.",
       answered(with_line("HTTP/1.1 200 Fine by me"), {start("HTTP/1.1 200 Fine by me"), content("hello")})},
      {"9112 4", Level::must, "A reason phrase may be empty; its SP is sent all the same.",
       answered(with_line("HTTP/1.1 200 "), {start("HTTP/1.1 200 "), content("hello")})},
      {"9112 4", Level::must, "The SP behind the code that an app forgets is sent all the same.",
       answered(with_line("HTTP/1.1 200"), {start("HTTP/1.1 200 "), content("hello")})},
      {"9112 4", Level::must, "HTAB and bytes above 127 may be in a reason phrase.",
       answered(with_line("HTTP/1.1 200 \xc3\xa0 la\tcarte"), {start("HTTP/1.1 200 \xc3\xa0 la\tcarte")})},
      {"9110 6.2", Level::must, "A response in HTTP/1.0 is forwarded in the version of the sender, HTTP/1.1.",
       answered(with_line("HTTP/1.0 200 OK"), {start("HTTP/1.1 200 OK"), content("hello")}, Fate::closed)},
      {"9112 4", Level::must, "A response without a status line is no response.",
       bad_gateway("hello, this is HTTP/0.9\r\n\r\n")},
      {"9112 2.3", Level::must, "The name of the protocol is case-sensitive.", refused_line("http/1.1 200 OK")},
      {"9112 2.3", Level::must, "The name of the protocol is HTTP and nothing else.", refused_line("ICY 200 OK")},
      {"9110 2.5", Level::must, "A response with major version 2 is not understood.", refused_line("HTTP/2.0 200 OK")},
      {"9110 2.5",
       Level::should,
       "A response in HTTP/1.2 is processed as if it were HTTP/1.1.",
       refused_line("HTTP/1.2 200 OK"),
       {"502 `app_bad_response`", "No HTTP/1.2 exists; an app that writes it is broken in a way nobody knows."}},
      {"9112 4", Level::must, "A code has three digits: not two.", refused_line("HTTP/1.1 20 OK")},
      {"9112 4", Level::must, "A code has three digits: not four.", refused_line("HTTP/1.1 2000 OK")},
      {"9112 4", Level::must, "A code has three digits: not letters.", refused_line("HTTP/1.1 2OO OK")},
      {"9112 4", Level::must, "A code has three digits: not a sign.", refused_line("HTTP/1.1 -20 OK")},
      {"9110 15", Level::should, "A code above 599 is treated as a server error.", refused_line("HTTP/1.1 600 OK")},
      {"9110 15", Level::should, "A code above 599 is treated as a server error: 999.",
       refused_line("HTTP/1.1 999 No")},
      {"9110 15", Level::should, "A code below 100 is treated as a server error.", refused_line("HTTP/1.1 099 OK")},
      {"9112 4", Level::must, "There is one SP between version and code.", refused_line("HTTP/1.1  200 OK")},
      {"9112 4", Level::must, "HTAB does not separate version and code.", refused_line("HTTP/1.1\t200 OK")},
      {"9112 2.2", Level::must, "Nothing precedes the status line: not SP.", refused_line(" HTTP/1.1 200 OK")},
      {"9112 2.2", Level::must, "Nothing precedes the status line: not an empty line.",
       refused_line("\r\nHTTP/1.1 200 OK")},
      {"9112 2.2", Level::must, "A CR in the reason phrase is refused.", refused_line("HTTP/1.1 200 OK\rX-Own: 1")},
      {"9112 4", Level::must, "NUL in the reason phrase is refused.", refused_line("HTTP/1.1 200 O\0K"s)},
      {"9112 2.2", Level::may, "A lone LF does not end the status line.",
       bad_gateway("HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello")},
  };
}

Rows response_fields() {
  return {
      {"9112 5.1",
       Level::must,
       "White space between a name and its colon is removed from a response.",
       refused_field("X-Own : 1"),
       {"502 `app_bad_response`",
        "What the name was meant to be is a guess, and guesses are how messages are forged. Nothing is repaired."}},
      {"9112 5.2", Level::must, "A folded line in a response is not forwarded: 502.", refused_field("X-Own: 1\r\n 2")},
      {"9112 5.2", Level::must, "A line folded with HTAB in a response is not forwarded: 502.",
       refused_field("X-Own: 1\r\n\t2")},
      {"9112 2.2", Level::must_not, "White space in front of the first field line is not forwarded.",
       bad_gateway("HTTP/1.1 200 OK\r\n X-Own: 1\r\nContent-Length: 5\r\n\r\nhello")},
      {"9110 5.5", Level::must, "NUL in a value is not forwarded.", refused_field("X-Own: a\0b"s)},
      {"9110 5.5", Level::must, "CR in a value is not forwarded.", refused_field("X-Own: a\rSet-Cookie: b=c")},
      {"9110 5.5", Level::must, "LF in a value is not forwarded.", refused_field("X-Own: a\nSet-Cookie: b=c")},
      {"9110 5.5", Level::may, "Another control character in a value is not forwarded.",
       refused_field("X-Own: a\x1b[1m")},
      {"9110 5.1", Level::must, "A name has characters of a token only.", refused_field("X(a): 1")},
      {"9110 5.1", Level::must, "A name has one character at least.", refused_field(": 1")},
      {"9112 5", Level::must, "A field line has a colon.", refused_field("X-Own")},
      {"9110 5.5", Level::should, "Bytes above 127 in a value are opaque and go on.",
       answered(ok("X-Own: caf\xc3\xa9 \xff\r\n"), {field("X-Own", "caf\xc3\xa9 \xff")})},
      {"9110 5.5", Level::must, "White space around a value is no part of it.",
       answered(response("200 OK", "Content-Length: \t5 \r\n", "hello"),
                {field("Content-Length", "5"), content("hello")})},
      {"9110 5.3", Level::must_not, "The order of fields of one name is not changed.",
       answered(ok("X-Own: 1\r\nX-Other: 2\r\nx-own: 3\r\n"), {fields("X-Own", {"1", "3"})})},
      {"9110 5.3", Level::must, "Set-Cookie lines go on one by one.",
       answered(ok("Set-Cookie: a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT\r\nSet-Cookie: b=2\r\n"),
                {fields("Set-Cookie", {"a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"})})},
      {"9110 5.1", Level::must, "Fields that Holdfast does not know go on.",
       answered(ok("X-Never-Heard-Of: 1\r\n"), {field("X-Never-Heard-Of", "1")})},
      {"9110 5.4", Level::may, "A field section above the limit is not forwarded.",
       bad_gateway(ok("X-Own: " + std::string(40'000, 'v') + "\r\n"), AppEnd::stays, "app_headers_too_large")},
  };
}

}  // namespace

Rows status_lines() { return of_responses(joined({lines(), response_fields()})); }

TEST_CASE("conformance: status lines") { check_rows(status_lines()); }

}  // namespace holdfast::conformance
