// hop_by_hop_responses: RFC 9110 7.6.1: what belongs to the app's connection stays on it.
#include "tables.h"

namespace holdfast::conformance {
namespace {

Rows removed() {
  return {
      {"9110 7.6.1", Level::must, "Connection of the app is not forwarded: keep-alive.",
       answered(ok("Connection: keep-alive\r\n"), {absent("Connection")}, Fate::kept)},
      {"9110 7.6.1", Level::must, "`close` of the app ends its own connection, not that of the client.",
       answered(ok("Connection: close\r\n"), {absent("Connection")}, Fate::closed)},
      {"9110 7.6.1", Level::must, "A field that Connection of the app names is not forwarded.",
       answered(ok("Connection: X-Hop, close\r\nX-Hop: 1\r\nX-End: 2\r\n"), {absent("X-Hop"), field("X-End", "2")},
                Fate::closed)},
      {"9110 7.6.1", Level::must, "The names in a response are compared without regard to case.",
       answered(ok("Connection: x-HOP\r\nX-hop: 1\r\n"), {absent("X-Hop")})},
      {"9110 7.6.1", Level::must, "The names are found in every Connection field of a response.",
       answered(ok("Connection: X-One\r\nX-One: 1\r\nX-Two: 2\r\nConnection: X-Two\r\n"),
                {absent("X-One"), absent("X-Two")})},
      {"9110 7.6.1", Level::should, "Keep-Alive of the app is replaced by what holds for the client.",
       answered(ok("Keep-Alive: timeout=7, max=3\r\n"), {field("Keep-Alive", "timeout=75")})},
      {"9110 7.6.1", Level::should, "Proxy-Connection of the app is removed.",
       answered(ok("Proxy-Connection: close\r\n"), {absent("Proxy-Connection")}, Fate::kept)},
      {"9110 7.6.1", Level::should, "Upgrade of the app in another status than 101 is removed.",
       answered(ok("Connection: Upgrade\r\nUpgrade: h2c\r\n"), {absent("Upgrade"), absent("Connection")})},
      {"9110 7.6.1", Level::should, "TE of the app means nothing and is removed.",
       answered(ok("TE: trailers\r\n"), {absent("TE")})},
      {"9110 7.6.1", Level::must_not, "Content-Length that Connection of the app names is not lost.",
       answered(ok("Connection: Content-Length\r\n"), {field("Content-Length", "5"), content("hello")})},
      {"9110 7.6.1",
       Level::must,
       "A field that Connection of the app names is not forwarded: how content is read.",
       answered(ok("Connection: Content-Type, Content-Encoding\r\nContent-Type: text/html\r\nContent-Encoding: br\r\n"),
                {field("Content-Type", "text/html"), field("Content-Encoding", "br")}),
       {"forwarded all the same", "Without these fields the content would be read as something else than it is."}},
      {"9110 7.6.1",
       Level::must,
       "A field that Connection of the app names is not forwarded: Set-Cookie.",
       answered(ok("Connection: Set-Cookie\r\nSet-Cookie: a=b\r\n"), {field("Set-Cookie", "a=b")}),
       {"forwarded all the same",
        "Who is logged in is between the app and the browser; no hop in between can be meant."}},
      {"9110 7.6.1",
       Level::must,
       "A field that Connection of the app names is not forwarded: WWW-Authenticate.",
       answered(response("401 Unauthorized",
                         "Connection: WWW-Authenticate\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n"),
                {field("WWW-Authenticate", "Basic")}),
       {"forwarded all the same", "A 401 needs it (RFC 9110 11.6.1), and proxies may not modify it."}},
  };
}

}  // namespace

Rows hop_by_hop_responses() { return removed(); }

TEST_CASE("conformance: hop-by-hop fields of responses") { check_rows(hop_by_hop_responses()); }

}  // namespace holdfast::conformance
