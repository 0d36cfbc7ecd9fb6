// origins: RFC 9110 7.6.3 and RFC 7239: by whom a message came, and for whom.
#include "tables.h"

namespace holdfast::conformance {
namespace {

Rows via() {
  return {
      {"9110 7.6.3", Level::must, "Via says by which protocol a request was received, under a pseudonym.",
       forwarded(get(), {field("Via", "1.1 holdfast")})},
      {"9110 7.6.3", Level::must, "Via says by which version a request was received: 1.0.",
       Exchanged{.request = "GET /a HTTP/1.0\r\nHost: a.example\r\n\r\n",
                 .at_app = {field("Via", "1.0 holdfast")},
                 .client = Fate::closed}},
      {"9110 7.6.3", Level::must, "Via of those before stays, and comes first.",
       forwarded(get("Via: 1.0 fred, 1.1 p.example.net\r\nVia: 1.1 last (Apache/1.1)\r\n"),
                 {fields("Via", {"1.0 fred, 1.1 p.example.net", "1.1 last (Apache/1.1)", "1.1 holdfast"})})},
      {"9110 7.6.3", Level::must_not, "Entries of others are not combined.",
       forwarded(get("Via: 1.1 one.example, 1.1 two.example\r\n"),
                 {fields("Via", {"1.1 one.example, 1.1 two.example", "1.1 holdfast"})})},
      {"9110 7.6.3", Level::may, "A gateway sends no Via in responses; that of the app goes on.",
       answered(ok("Via: 1.1 inner\r\n"), {field("Via", "1.1 inner")})},
      {"9110 7.6.3", Level::should_not, "Neither a port nor the app's address is told to clients.", told([](Talk& t) {
         t.c.send(get());
         t.s.app().send("garbage\r\n\r\n");
         const std::string bytes = t.c.received();
         t.check(!testing::contains(bytes, "127.0.0.1") && !testing::contains(bytes, "3000"), "an address: " + bytes);
       })},
  };
}

Rows forwarded_for() {
  return {
      {"7239 4", Level::may, "Forwarded says who asked, for which host and by which scheme.",
       forwarded(get(), {field("Forwarded", "for=192.0.2.7;host=a.example;proto=http")})},
      {"7239 6", Level::must, "A host with a port is quoted.",
       forwarded("GET /a HTTP/1.1\r\nHost: a.example:81\r\n\r\n",
                 {field("Forwarded", "for=192.0.2.7;host=\"a.example:81\";proto=http")})},
      {"7239 6", Level::must, "An IPv6 client is in brackets and quoted.", told([](Talk& t) {
         testing::Peer& six = t.s.client("2001:db8::7");
         six.send(get());
         t.see(t.asked(),
               {field("Forwarded", "for=\"[2001:db8::7]\";host=a.example;proto=http"),
                field("X-Forwarded-For", "2001:db8::7")},
               "at the app");
         t.s.app().send(ok());
       })},
      {"7239 8.1", Level::should, "What a client that is not trusted says of itself is not believed.",
       forwarded(get("Forwarded: for=203.0.113.9\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
                     "X-Forwarded-Host: b.example\r\n"),
                 {field("Forwarded", "for=192.0.2.7;host=a.example;proto=http"), field("X-Forwarded-For", "192.0.2.7"),
                  field("X-Forwarded-Proto", "http"), field("X-Forwarded-Host", "a.example")})},
      {"7239 8.1", Level::should, "Nor is it believed when Connection names it.",
       forwarded(get("Connection: X-Forwarded-For, Forwarded\r\nX-Forwarded-For: 203.0.113.9\r\n"),
                 {field("X-Forwarded-For", "192.0.2.7")})},
      {"7239 8.1", Level::should, "Nor is it believed in another spelling.",
       forwarded(
           get("x-forwarded-FOR: 203.0.113.9\r\nFORWARDED: for=203.0.113.9\r\n"),
           {field("X-Forwarded-For", "192.0.2.7"), field("Forwarded", "for=192.0.2.7;host=a.example;proto=http")})},
      {"7239 4", Level::may, "The host that is told is that of an absolute target.",
       forwarded(get("", "http://b.example/x"), {field("X-Forwarded-Host", "b.example")})},
  };
}

}  // namespace

Rows origins() { return joined({via(), forwarded_for()}); }

TEST_CASE("conformance: origins") { check_rows(origins()); }

}  // namespace holdfast::conformance
