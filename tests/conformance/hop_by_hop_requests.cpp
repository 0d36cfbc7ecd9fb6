// hop_by_hop_requests: RFC 9110 7.6.1: what belongs to the client's connection stays on it.
#include "tables.h"

namespace holdfast::conformance {
namespace {

Rows removed() {
  return {
      {"9110 7.6.1", Level::must, "Connection itself is not forwarded.",
       forwarded(get("Connection: keep-alive\r\n"), {absent("Connection")})},
      {"9110 7.6.1", Level::must, "A field that Connection names is not forwarded.",
       forwarded(get("Connection: X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n"), {absent("X-Hop"), field("X-End", "2")})},
      {"9110 7.6.1", Level::must, "Every field that Connection names is not forwarded.",
       forwarded(get("Connection: X-One, X-Two ,X-Three\r\nX-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\n"),
                 {absent("X-One"), absent("X-Two"), absent("X-Three")})},
      {"9110 7.6.1", Level::must, "The names are compared without regard to case.",
       forwarded(get("Connection: x-HOP\r\nX-hop: 1\r\n"), {absent("X-Hop")})},
      {"9110 7.6.1", Level::must, "The names are found in every Connection field.",
       forwarded(get("Connection: X-One\r\nConnection: close-not, X-Two\r\nX-One: 1\r\nX-Two: 2\r\n"),
                 {absent("X-One"), absent("X-Two")})},
      {"9110 7.6.1", Level::must, "A field that is named is removed wherever it stands and however often.",
       forwarded(get("X-Hop: 1\r\nConnection: X-Hop\r\nX-Hop: 2\r\nX-End: 3\r\nx-hop: 4\r\n"),
                 {absent("X-Hop"), field("X-End", "3")})},
      {"9110 7.6.1", Level::must, "A name that is longer than the one that is named stays.",
       forwarded(get("Connection: X-Ho\r\nX-Hop: 1\r\n"), {field("X-Hop", "1")})},
      {"9110 7.6.1", Level::must, "A name that nobody sent removes nothing.",
       forwarded(get("Connection: X-Not-There\r\nX-Own: 1\r\n"), {field("X-Own", "1"), absent("Connection")})},
      {"9110 7.6.1", Level::should, "Keep-Alive is removed, whether Connection names it or not.",
       forwarded(get("Keep-Alive: timeout=5, max=100\r\n"), {absent("Keep-Alive")})},
      {"9110 7.6.1", Level::should, "Proxy-Connection is removed, whether Connection names it or not.",
       forwarded(get("Proxy-Connection: keep-alive\r\n"), {absent("Proxy-Connection")})},
      {"9110 7.6.1", Level::should, "TE is removed, whether Connection names it or not.",
       forwarded(get("TE: gzip\r\n"), {absent("TE")})},
      {"9110 7.6.1", Level::should, "Upgrade is removed, whether Connection names it or not.",
       forwarded(get("Upgrade: example/1\r\n"), {absent("Upgrade")})},
      {"9110 7.6.1", Level::should, "Proxy-Connection is no Connection: it neither closes nor keeps.",
       Exchanged{.request = get("Proxy-Connection: close\r\n"), .at_app = {absent("Proxy-Connection")}}},
      {"9110 7.6.1", Level::must, "`close` of the client ends its own connection, not that of the app.",
       told([](Talk& t) {
         t.c.send(get("Connection: close\r\n"));
         t.see(t.asked(), {absent("Connection")}, "at the app");
         t.s.app().send(ok());
         t.see(t.answered(), {field("Connection", "close")}, "at the client");
         t.check(t.c.closed() && t.s.app().open(), "the wrong connection was closed");
       })},
      {"9110 7.6.1", Level::may, "More names than anybody needs are refused: looking for them has a price.",
       told(
           [](Talk& t) {
             std::string names = "X-0";
             for (int i = 1; i < 40; ++i) names += ", X-" + std::to_string(i);
             t.c.send(get("Connection: " + names + "\r\n"));
             t.check(t.s.dialled() == 0, "the request reached the app");
             t.see(t.answered(), {status(400)}, "the answer");
           },
           "400 `bad_request`, closed")},
  };
}

Rows kept() {
  constexpr Deviation why = {
      "forwarded all the same",
      "They say who asks, and under which name it is logged: a client must not be able to take that away."};
  const auto with = [why](std::string_view name, std::string_view value) {
    const std::string line = std::string(name) + ": " + std::string(value) + "\r\n";
    return Row{"9110 7.6.1", Level::must, "A field that Connection names is not forwarded: " + std::string(name) + ".",
               forwarded(get("Connection: " + std::string(name) + "\r\n" + line),
                         {field(std::string(name), std::string(value))}),
               why};
  };
  return {
      with("Authorization", "Basic eDp5"),
      with("Cookie", "session=1"),
      with("X-Request-Id", "an-id-of-the-client"),
      {"9110 7.6.1", Level::must_not, "Content-Length that Connection names is not lost.",
       forwarded(post("Connection: Content-Length\r\nContent-Length: 5\r\n", "hello"), {content("hello")})},
      {"9110 7.6.1", Level::must_not, "Host that Connection names is not lost.",
       forwarded(get("Connection: Host\r\n"), {field("Host", "a.example")})},
      {"9110 7.6.1", Level::must_not, "Where a request came from is not lost when Connection names it.",
       forwarded(get("Connection: X-Forwarded-For, Forwarded, Via\r\n"), {field("X-Forwarded-For", "192.0.2.7")})},
  };
}

Rows te() {
  return {
      {"9110 10.1.4", Level::must, "TE: trailers goes on as TE of the sender, named in Connection.",
       forwarded(get("Connection: TE\r\nTE: trailers\r\n"), {field("TE", "trailers"), field("Connection", "TE")})},
      {"9110 10.1.4", Level::must, "TE: trailers is found among codings, which do not go on.",
       forwarded(get("Connection: TE\r\nTE: gzip;q=0.5, Trailers\r\n"),
                 {field("TE", "trailers"), field("Connection", "TE")})},
      {"9110 10.1.4", Level::must_not, "Codings that Holdfast does not understand are not asked for.",
       forwarded(get("Connection: TE\r\nTE: gzip, deflate;q=0.5\r\n"), {absent("TE"), absent("Connection")})},
      {"9110 10.1.4", Level::must_not, "An empty TE asks for nothing.",
       forwarded(get("Connection: TE\r\nTE:\r\n"), {absent("TE"), absent("Connection")})},
  };
}

}  // namespace

Rows hop_by_hop_requests() { return joined({removed(), kept(), te()}); }

TEST_CASE("conformance: hop-by-hop fields of requests") { check_rows(hop_by_hop_requests()); }

}  // namespace holdfast::conformance
