// request_lines: RFC 9112 2.2 and 3, with methods and versions of RFC 9110.
#include "tables.h"

namespace holdfast::conformance {
namespace {

using namespace std::string_literals;

std::string behind_line(std::string_view line) { return std::string(line) + "\r\nHost: a.example\r\n\r\n"; }

Rows shapes() {
  return {
      {"9112 3", Level::must, "A request line is a method, a target and a version with one SP between them.",
       forwarded(behind_line("GET /a?b=c HTTP/1.1"), {start("GET /a?b=c HTTP/1.1")})},
      {"9112 3", Level::may, "Two SP behind the method are not taken for one.",
       refused(behind_line("GET  /a HTTP/1.1"))},
      {"9112 3", Level::may, "Two SP in front of the version are not taken for one.",
       refused(behind_line("GET /a  HTTP/1.1"))},
      {"9112 3", Level::may, "HTAB does not separate the method from the target.",
       refused(behind_line("GET\t/a HTTP/1.1"))},
      {"9112 3", Level::may, "HTAB does not separate the target from the version.",
       refused(behind_line("GET /a\tHTTP/1.1"))},
      {"9112 3", Level::may, "A vertical tab does not separate the target from the version.",
       refused(behind_line("GET /a\vHTTP/1.1"))},
      {"9112 3", Level::may, "A form feed does not separate the target from the version.",
       refused(behind_line("GET /a\fHTTP/1.1"))},
      {"9112 3", Level::may, "SP in front of the method is refused.", refused(behind_line(" GET /a HTTP/1.1"))},
      {"9112 3", Level::may, "SP behind the version is refused.", refused(behind_line("GET /a HTTP/1.1 "))},
      {"9112 3", Level::should, "A line with a fourth part is answered with 400.",
       refused(behind_line("GET /a HTTP/1.1 HTTP/1.1"))},
      {"9112 3", Level::should, "White space inside the target makes the line invalid: 400, and no guess at its end.",
       refused(behind_line("GET /a b HTTP/1.1"))},
      {"9112 3", Level::should, "A line without target and version is answered with 400.", refused(behind_line("GET"))},
      {"9112 3", Level::should, "A line without method is answered with 400.", refused(behind_line("/a HTTP/1.1"))},
      {"9112 3", Level::should, "An empty target is answered with 400.", refused(behind_line("GET HTTP/1.1"))},
      {"9112 2.2", Level::should, "One empty line in front of a request line is ignored.",
       forwarded("\r\n" + get(), {start("GET /a HTTP/1.1")})},
      {"9112 2.2", Level::may, "More than one empty line in front of a request line is refused.",
       refused("\r\n\r\n" + get())},
      {"9112 2.2", Level::may, "An empty line that is a lone LF is refused.", refused("\n" + get())},
      {"9112 2.2", Level::may, "A lone LF does not end a request line.",
       refused("GET /a HTTP/1.1\nHost: a.example\r\n\r\n")},
      {"9112 2.2", Level::must, "A CR inside the request line that no LF follows makes the message invalid.",
       refused("GET /a\r HTTP/1.1\r\nHost: a.example\r\n\r\n")},
      {"9112 2.2", Level::must, "A CR behind the version that no LF follows makes the message invalid.",
       refused("GET /a HTTP/1.1\rHost: a.example\r\n\r\n")},
      {"9112 2.2", Level::must_not, "White space in front of the first field line is not part of the message.",
       refused("GET /a HTTP/1.1\r\n \r\nHost: a.example\r\n\r\n")},
      {"9112 2.2", Level::should, "What is not HTTP at all is answered with 400 and closed.",
       refused("\x16\x03\x01\x02\x05\x01\x05\xfc\x03\x03"s)},
      {"9112 3", Level::must, "A target longer than the limit is answered with 414.",
       refused(get("", "/" + std::string(8192, 'a')), "uri_too_long", {mentions("limit 8KiB")})},
      {"9112 3", Level::should, "Request lines of 8,000 bytes are supported.",
       forwarded(get("", "/" + std::string(7984, 'a')), {start("GET /" + std::string(7984, 'a') + " HTTP/1.1")})},
  };
}

Rows method_names() {
  return {
      {"9110 9.1", Level::must, "Methods are case-sensitive: `get` is not GET, and goes on as it came.",
       forwarded(behind_line("get /a HTTP/1.1"), {start("get /a HTTP/1.1")})},
      {"9110 9.1", Level::should, "A method that Holdfast does not know is the app's business and goes on.",
       forwarded(behind_line("PROPFIND /a HTTP/1.1"), {start("PROPFIND /a HTTP/1.1")})},
      {"9110 9.1", Level::must, "Every character of a token may be in a method.",
       forwarded(behind_line("!#$%&'*+-.^_`|~0Aa /a HTTP/1.1"), {start("!#$%&'*+-.^_`|~0Aa /a HTTP/1.1")})},
      {"9112 3.1", Level::should, "A parenthesis is no character of a method.",
       refused(behind_line("GE(T /a HTTP/1.1"))},
      {"9112 3.1", Level::should, "A colon is no character of a method.", refused(behind_line("GET: /a HTTP/1.1"))},
      {"9112 3.1", Level::should, "NUL is no character of a method.", refused(behind_line("GE\0T /a HTTP/1.1"s))},
      {"9112 3.1", Level::should, "A byte above 127 is no character of a method.",
       refused(behind_line("G\xc3\x8bT /a HTTP/1.1"))},
      {"9112 3", Level::should, "A method longer than any that is known is answered with 501.",
       refused(behind_line(std::string(33, 'M') + " /a HTTP/1.1"), "method_refused")},
  };
}

Rows versions() {
  return {
      {"9110 6.2", Level::must, "A request in HTTP/1.0 is forwarded in the version of the sender, HTTP/1.1.",
       Exchanged{.request = "GET /a HTTP/1.0\r\nHost: a.example\r\n\r\n",
                 .at_app = {start("GET /a HTTP/1.1")},
                 .at_client = {start("HTTP/1.1 200 OK")},
                 .client = Fate::closed}},
      {"9112 2.3", Level::should, "The name of the protocol is case-sensitive.",
       refused(behind_line("GET /a http/1.1"))},
      {"9112 2.3", Level::should, "The name of the protocol is HTTP and nothing else.",
       refused(behind_line("GET /a HTTQ/1.1"))},
      {"9112 2.3", Level::should, "A version has one digit on each side of the dot: not two behind it.",
       refused(behind_line("GET /a HTTP/1.10"))},
      {"9112 2.3", Level::should, "A version has one digit on each side of the dot: not two before it.",
       refused(behind_line("GET /a HTTP/01.1"))},
      {"9112 2.3", Level::should, "A version has a dot and a minor number.", refused(behind_line("GET /a HTTP/1"))},
      {"9112 2.3", Level::should, "A version has no SP in it.", refused(behind_line("GET /a HTTP/ 1.1"))},
      {"9112 2.3", Level::should, "A version has no sign.", refused(behind_line("GET /a HTTP/-1.1"))},
      {"9112 2.3", Level::should, "A version has no other separator.", refused(behind_line("GET /a HTTP/1,1"))},
      {"9112 3", Level::may, "A request without a version, as in HTTP/0.9, is refused.", refused("GET /a\r\n")},
      {"9110 15.6.6", Level::may, "Major version 2 in a request line is answered with 505.",
       refused(behind_line("GET /a HTTP/2.0"), "unsupported_version")},
      {"9110 15.6.6", Level::may, "Major version 0 in a request line is answered with 505.",
       refused(behind_line("GET /a HTTP/0.9"), "unsupported_version")},
      {"9110 15.6.6", Level::may, "Major version 9 in a request line is answered with 505.",
       refused(behind_line("GET /a HTTP/9.9"), "unsupported_version")},
      {"9110 2.5",
       Level::should,
       "A minor version above the highest known is processed as if it were that one.",
       refused(behind_line("GET /a HTTP/1.2"), "unsupported_version"),
       {"505 `unsupported_version`, closed", "No HTTP/1.2 exists; whoever writes it is no client of an app."}},
  };
}

}  // namespace

Rows request_lines() { return joined({shapes(), method_names(), versions()}); }

TEST_CASE("conformance: request lines") { check_rows(request_lines()); }

}  // namespace holdfast::conformance
