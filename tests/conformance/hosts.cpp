// hosts: RFC 9112 3.2 and RFC 9110 7.2: who is meant.
#include "tables.h"

namespace holdfast::conformance {
namespace {

using namespace std::string_literals;

std::string with_host(std::string_view value) { return "GET /a HTTP/1.1\r\nHost: " + std::string(value) + "\r\n\r\n"; }

Exchanged host_passes(std::string_view value) {
  return forwarded(with_host(value), {field("Host", std::string(value))});
}

Rows valid() {
  return {
      {"9110 7.7", Level::must_not, "The host of a request is not changed: a name.", host_passes("Shop.Example")},
      {"9110 7.7", Level::must_not, "The host of a request is not changed: a name and a port.",
       host_passes("shop.example:8443")},
      {"9110 7.7", Level::must_not, "The host of a request is not changed: the default port stays.",
       host_passes("shop.example:80")},
      {"9110 7.2", Level::must, "An IPv4 address is a host.", host_passes("192.0.2.1:8080")},
      {"9110 7.2", Level::must, "An IPv6 address in brackets is a host.", host_passes("[2001:db8::1]")},
      {"9110 7.2", Level::must, "An IPv6 address in brackets may have a port.", host_passes("[::1]:8080")},
      {"9110 7.2", Level::must, "A port may be empty.", host_passes("shop.example:")},
      {"9110 7.2", Level::must, "A name may be percent-encoded.", host_passes("caf%C3%A9.example")},
      {"9110 7.2", Level::must, "A trailing dot belongs to the name.", host_passes("shop.example.")},
      {"9110 5.5", Level::must, "White space around the value is no part of the host.",
       forwarded(with_host("  shop.example\t "), {field("Host", "shop.example")})},
      {"9110 5.1", Level::must, "The name of the field is case-insensitive.",
       forwarded("GET /a HTTP/1.1\r\nhOST: shop.example\r\n\r\n", {field("Host", "shop.example")})},
      {"9112 3.2", Level::may, "A request in HTTP/1.0 needs no Host; the app gets its own address.",
       Exchanged{
           .request = "GET /a HTTP/1.0\r\n\r\n", .at_app = {field("Host", "127.0.0.1:3000")}, .client = Fate::closed}},
      {"9112 3.2", Level::must, "A Host of a request in HTTP/1.0 goes on like any other.",
       Exchanged{.request = "GET /a HTTP/1.0\r\nHost: old.example\r\n\r\n",
                 .at_app = {field("Host", "old.example")},
                 .client = Fate::closed}},
      {"9112 3.3", Level::must, "The host of a request is its own, whatever that of the one before was.",
       told([](Talk& t) {
         t.c.send(with_host("one.example"));
         t.see(t.asked(), {field("Host", "one.example")}, "first");
         t.s.app().send(ok());
         t.answered();
         t.c.send(with_host("two.example"));
         t.see(t.asked(), {field("Host", "two.example")}, "second");
         t.s.app().send(ok());
         t.see(t.answered(), {status(200)}, "second");
       })},
  };
}

Rows invalid() {
  return {
      {"9112 3.2", Level::must, "A request in HTTP/1.1 without Host is answered with 400.",
       refused("GET /a HTTP/1.1\r\nAccept: */*\r\n\r\n")},
      {"9112 3.2", Level::must, "Two Host that differ are answered with 400.",
       refused("GET /a HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n")},
      {"9112 3.2", Level::must, "Two Host that say the same are answered with 400.",
       refused("GET /a HTTP/1.1\r\nHost: a.example\r\nHost: a.example\r\n\r\n")},
      {"9112 3.2", Level::must, "Two Host in different spelling and place are answered with 400.",
       refused("GET /a HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\nHOST: a.example\r\n\r\n")},
      {"9112 3.2", Level::must, "Two Host are answered with 400 in HTTP/1.0 as well.",
       refused("GET /a HTTP/1.0\r\nHost: a.example\r\nHost: b.example\r\n\r\n")},
      {"9112 3.2", Level::must, "Two Host are answered with 400 behind absolute-form as well.",
       refused("GET http://c.example/ HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n")},
      {"9110 7.2", Level::must, "An empty Host is answered with 400: http URIs have a host.", refused(with_host(""))},
      {"9112 3.2", Level::must, "A Host with SP in it is answered with 400.",
       refused(with_host("a.example b.example"))},
      {"9112 3.2", Level::must, "A Host with a path is answered with 400.", refused(with_host("a.example/b"))},
      {"9112 3.2", Level::must, "A Host with a query is answered with 400.", refused(with_host("a.example?b"))},
      {"9112 3.2", Level::must, "A Host with userinfo is answered with 400.", refused(with_host("user@a.example"))},
      {"9112 3.2", Level::must, "A Host with a scheme is answered with 400.", refused(with_host("http://a.example"))},
      {"9112 3.2", Level::must, "A Host with a port that is no number is answered with 400.",
       refused(with_host("a.example:http"))},
      {"9112 3.2", Level::must, "A Host with a port that no connection can have is answered with 400.",
       refused(with_host("a.example:70000"))},
      {"9112 3.2", Level::must, "A Host with two ports is answered with 400.", refused(with_host("a.example:80:81"))},
      {"9112 3.2", Level::must, "A Host that is a port alone is answered with 400.", refused(with_host(":80"))},
      {"9112 3.2", Level::must, "A Host whose bracket stays open is answered with 400.", refused(with_host("[::1"))},
      {"9112 3.2", Level::must, "A Host with a bad address in brackets is answered with 400.",
       refused(with_host("[2001:db8:::1]"))},
      {"9112 3.2", Level::must, "A Host that goes on behind its bracket is answered with 400.",
       refused(with_host("[::1]a.example"))},
      {"9112 3.2", Level::must, "A Host with bad percent-encoding is answered with 400.",
       refused(with_host("a%2.example"))},
      {"9112 3.2", Level::must, "A Host with a backslash is answered with 400.", refused(with_host("a.example\\b"))},
      {"9112 3.2", Level::must, "A Host with NUL is answered with 400.", refused(with_host("a.example\0.b"s))},
      {"9112 3.2", Level::must, "A Host with a quote is answered with 400.", refused(with_host("\"a.example\""))},
      {"9112 3.2", Level::must, "A Host with a byte above 127 is answered with 400.",
       refused(with_host("caf\xc3\xa9.example"))},
      {"9112 3.2", Level::may, "A Host longer than any name can be is answered with 400.",
       refused(with_host(std::string(300, 'a')))},
  };
}

}  // namespace

Rows hosts() { return joined({valid(), invalid()}); }

TEST_CASE("conformance: hosts") { check_rows(hosts()); }

}  // namespace holdfast::conformance
