// targets: RFC 9112 3.2 and 3.3, RFC 9110 4.2 and 7.7: which forms of a target there are, and what becomes of them.
#include "tables.h"

namespace holdfast::conformance {
namespace {

using namespace std::string_literals;

Rows forms() {
  return {
      {"9112 3.2.1", Level::must, "Path and query go to the app in origin-form.",
       forwarded(get("", "/where?q=now"), {start("GET /where?q=now HTTP/1.1")})},
      {"9112 3.2.1", Level::should, "A target that is neither path nor URI is refused.", refused(get("", "a"))},
      {"9112 3.2.1", Level::should, "A query without a path is no origin-form.", refused(get("", "?a=b"))},
      {"9112 3.2.1", Level::should, "A port is no target.", refused(get("", ":8080/"))},
      {"9112 3.2.1", Level::should, "Userinfo and a host without a scheme are no target.",
       refused(get("", "@inner.example/"))},
      {"9112 3.2.1", Level::should, "A dot segment without the slash is no target.", refused(get("", "../a"))},
      {"9112 3.2.2", Level::must, "Absolute-form is accepted, and goes on in origin-form.",
       forwarded(get("", "http://a.example/x?y=z"), {start("GET /x?y=z HTTP/1.1"), field("Host", "a.example")})},
      {"9112 3.2.2", Level::must, "Behind absolute-form the Host received is ignored and replaced.",
       forwarded(get("", "http://b.example:81/x"), {start("GET /x HTTP/1.1"), field("Host", "b.example:81")})},
      {"9112 3.2.1", Level::must, "An absolute URI without a path goes on as `/`.",
       forwarded(get("", "http://b.example"), {start("GET / HTTP/1.1"), field("Host", "b.example")})},
      {"9112 3.2.1", Level::must, "An absolute URI with a query and no path goes on with `/`.",
       forwarded(get("", "http://b.example?q=1"), {start("GET /?q=1 HTTP/1.1"), field("Host", "b.example")})},
      {"9110 4.2.3", Level::must, "The scheme is case-insensitive.",
       forwarded(get("", "HtTp://b.example/x"), {start("GET /x HTTP/1.1"), field("Host", "b.example")})},
      {"9112 3.2.2", Level::must, "An https URI is accepted as well; what terminates TLS may be in front.",
       forwarded(get("", "https://b.example/x"), {start("GET /x HTTP/1.1"), field("Host", "b.example")})},
      {"9112 3.2.2", Level::must, "Absolute-form does not excuse from Host in HTTP/1.1.",
       refused("GET http://a.example/ HTTP/1.1\r\n\r\n")},
      {"9110 4.2.1", Level::must, "A URI with an empty host is refused.", refused(get("", "http:///a"))},
      {"9110 4.2.1", Level::must, "A URI with a port and no host is refused.", refused(get("", "http://:80/a"))},
      {"9110 4.2.4", Level::should, "Userinfo in the authority is an error.",
       refused(get("", "http://user:pw@a.example/"))},
      {"9112 3.2.2", Level::may, "A URI of another scheme is refused.", refused(get("", "ftp://a.example/x"))},
      {"9112 3.2.2", Level::may, "A URI whose port is no number is refused.", refused(get("", "http://a.example:8x/"))},
      {"9112 3.2.2", Level::may, "A URI whose port is above 65535 is refused.",
       refused(get("", "http://a.example:65536/"))},
      {"9112 3.2.3", Level::should, "Authority-form is for CONNECT alone.", refused(get("", "a.example:80"))},
      {"9110 9.3.6", Level::must, "CONNECT needs a port: without one the line is invalid.",
       refused(request("CONNECT a.example"))},
      {"9112 3.2.3", Level::should, "CONNECT with a path is invalid.", refused(request("CONNECT /a"))},
      {"9112 3.2.4", Level::must, "Asterisk-form of OPTIONS goes on as `*`.",
       forwarded(request("OPTIONS *"), {start("OPTIONS * HTTP/1.1"), field("Host", "a.example")})},
      {"9112 3.2.4", Level::must, "OPTIONS for a URI with neither path nor query goes on as `*`.",
       forwarded(request("OPTIONS http://b.example:8001"),
                 {start("OPTIONS * HTTP/1.1"), field("Host", "b.example:8001")})},
      {"9112 3.2.4", Level::must, "OPTIONS for a URI with the path `/` is for that resource, not for the server.",
       forwarded(request("OPTIONS http://b.example/"), {start("OPTIONS / HTTP/1.1"), field("Host", "b.example")})},
      {"9112 3.2.4", Level::should, "Asterisk-form is for OPTIONS alone.", refused(get("", "*"))},
      {"9112 3.2.4", Level::should, "Behind the asterisk there is nothing.", refused(request("OPTIONS */a"))},
  };
}

Rows bytes_of_targets() {
  return {
      {"9112 3.2", Level::should, "A control character is not part of a target.", refused(get("", "/a\x01"))},
      {"9112 3.2", Level::should, "NUL is not part of a target.", refused(get("", "/a\0b"s))},
      {"9112 3.2", Level::should, "DEL is not part of a target.", refused(get("", "/a\x7f"))},
      {"9112 3.2", Level::should, "A byte above 127 is not part of a target unless it is percent-encoded.",
       refused(get("", "/caf\xc3\xa9"))},
      {"9112 3.2", Level::should, "A fragment is not part of a target.", refused(get("", "/a#b"))},
      {"9110 7.7", Level::must_not, "Double slashes of the path are not merged for the app.",
       forwarded(get("", "//a//b"), {start("GET //a//b HTTP/1.1")})},
      {"9110 7.7", Level::must_not, "Dot segments of the path are not resolved for the app.",
       forwarded(get("", "/a/./b/../c"), {start("GET /a/./b/../c HTTP/1.1")})},
      {"9110 7.7", Level::must_not, "Percent-encoding is not undone: of unreserved characters.",
       forwarded(get("", "/%41%7Eb"), {start("GET /%41%7Eb HTTP/1.1")})},
      {"9110 7.7", Level::must_not, "Percent-encoding is not undone: of a slash.",
       forwarded(get("", "/a%2Fb%2fc"), {start("GET /a%2Fb%2fc HTTP/1.1")})},
      {"9110 7.7", Level::must_not, "Percent-encoding is not undone: of line ends.",
       forwarded(get("", "/a%0d%0aX-Own:%201"), {start("GET /a%0d%0aX-Own:%201 HTTP/1.1"), absent("X-Own")})},
      {"9110 7.7", Level::must_not, "Percent-encoding is not undone: of NUL.",
       forwarded(get("", "/a%00"), {start("GET /a%00 HTTP/1.1")})},
      {"9110 7.7", Level::must_not, "Nothing is added to a path that is not percent-encoded well.",
       forwarded(get("", "/100%"), {start("GET /100% HTTP/1.1")})},
      {"9110 7.7", Level::must_not, "The query is not touched: neither order, nor case, nor empty parts.",
       forwarded(get("", "/a?b=2&B=1&&c=&=d?e/f"), {start("GET /a?b=2&B=1&&c=&=d?e/f HTTP/1.1")})},
      {"9110 7.7", Level::must_not, "An empty query keeps its question mark.",
       forwarded(get("", "/a?"), {start("GET /a? HTTP/1.1")})},
      {"9110 7.7", Level::must_not, "The path of an absolute URI is not touched either.",
       forwarded(get("", "http://a.example/x/../%7e?y=%20"), {start("GET /x/../%7e?y=%20 HTTP/1.1")})},
      {"9110 7.7", Level::must_not, "A secret in the query that is hidden from the log goes on untouched.",
       forwarded(get("", "/a?token=hunter2"), {start("GET /a?token=hunter2 HTTP/1.1")})},
  };
}

}  // namespace

Rows targets() { return joined({forms(), bytes_of_targets()}); }

TEST_CASE("conformance: targets") { check_rows(targets()); }

}  // namespace holdfast::conformance
