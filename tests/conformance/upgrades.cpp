// upgrades: RFC 9110 7.8 and 15.2.2. `websocket` becomes a tunnel; every other upgrade is not there.
#include "tables.h"

namespace holdfast::conformance {
namespace {

constexpr std::string_view wish = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";

std::string agreed(std::string_view to = "websocket") {
  return response("101 Switching Protocols", "Connection: Upgrade\r\nUpgrade: " + std::string(to) + "\r\n");
}

Exchanged plainly(std::string request) {
  return forwarded(std::move(request), {absent("Upgrade"), absent("Connection")});
}

Exchanged unasked(std::string request, std::string answer) {
  return Exchanged{.request = std::move(request),
                   .answer = std::move(answer),
                   .at_client = {status(502)},
                   .reason = "app_bad_response",
                   .app = Fate::closed};
}

Rows asked() {
  return {
      {"9110 7.8", Level::must, "Upgrade goes on together with the option that names it.", told([](Talk& t) {
         t.c.send(get(wish));
         t.see(t.asked(), {field("Upgrade", "websocket"), field("Connection", "Upgrade")}, "at the app");
       })},
      {"9110 15.2.2", Level::must, "A 101 tells the client what was switched to.", told([](Talk& t) {
         t.c.send(get(wish));
         t.s.app().send(agreed());
         t.see(t.answered(), {status(101), field("Upgrade", "websocket"), field("Connection", "Upgrade")}, "the 101");
       })},
      {"9110 7.8", Level::must, "Behind the 101 both sides speak what they agreed on.", told([](Talk& t) {
         t.c.send(get(wish));
         t.asked();
         t.s.app().send(agreed() + "from the app");
         t.check(t.c.take().ends_with("\r\n\r\nfrom the app"), "the app's first words are lost");
         t.c.send("GET /x HTTP/1.1\r\n\r\n");
         t.equal(t.s.app().take(), "GET /x HTTP/1.1\r\n\r\n", "through the tunnel");
         t.s.app().close();
         t.check(t.c.closed(), "the tunnel is left open");
       })},
      {"9110 7.8", Level::must_not, "A client does not use the new protocol before the 101.", told([](Talk& t) {
         t.c.send(get(wish) + "early");
         t.asked();
         t.check(t.s.app().received().empty(), "bytes before the 101 reach the app");
         t.s.app().send(agreed());
         t.equal(t.s.app().take(), "early", "behind the 101");
       })},
      {"9110 7.8", Level::may, "An app that ignores the wish answers plainly, and what follows is HTTP.",
       Exchanged{.request = get(wish), .at_app = {field("Upgrade", "websocket")}, .at_client = {status(200)}}},
      {"9110 7.8", Level::must, "Behind a wish that was declined a bad request is a bad request, not tunnel data.",
       told([](Talk& t) {
         t.c.send(get(wish));
         t.asked();
         t.s.app().send(response("426 Upgrade Required", "Content-Length: 0\r\n"));
         t.see(t.answered(), {status(426)}, "declined");
         t.c.send(get("X-Own : 1\r\n"));
         t.see(t.answered(), {status(400)}, "behind it");
         t.check(t.s.app(0).received().empty() && t.s.dialled() == 1, "it reached the app");
       })},
      {"9110 7.8", Level::must, "`Upgrade` in Connection is compared without regard to case.", told([](Talk& t) {
         t.c.send(get("connection: keep-alive, UPGRADE\r\nupgrade: WebSocket\r\n"));
         t.see(t.asked(), {field("Upgrade", "websocket")}, "at the app");
       })},
      {"9110 7.8", Level::must_not, "An app does not switch to what the client did not name.",
       unasked(get(wish), agreed("h2c"))},
      {"9110 15.2.2", Level::must, "A 101 without Upgrade switches to nothing.",
       unasked(get(wish), response("101 Switching Protocols"))},
      {"9110 15.2.2", Level::must_not, "A 101 has no framing.",
       unasked(get(wish), response("101 Switching Protocols",
                                   "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n", "hello"))},
  };
}

Rows ignored() {
  return {
      {"9110 7.8", Level::must, "Upgrade in HTTP/1.0 is ignored.",
       Exchanged{.request = "GET /a HTTP/1.0\r\nHost: a.example\r\n" + std::string(wish) + "\r\n",
                 .at_app = {absent("Upgrade"), absent("Connection")},
                 .client = Fate::closed}},
      {"9110 7.8", Level::must, "Upgrade that Connection does not name is of another hop and is ignored.",
       plainly(get("Upgrade: websocket\r\n"))},
      {"9110 7.8", Level::may, "An upgrade to h2c is ignored, and HTTP2-Settings goes with it.",
       forwarded(get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
                 {absent("Upgrade"), absent("HTTP2-Settings"), absent("Connection")})},
      {"9110 7.8", Level::may, "An upgrade to TLS is ignored.",
       plainly(request("OPTIONS *", "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n"))},
      {"9110 7.8", Level::may, "An upgrade with another method than GET is ignored.",
       plainly(post("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n"))},
      {"9110 7.8", Level::may, "An upgrade with content is ignored.",
       plainly(request("GET /a", std::string(wish) + "Content-Length: 5\r\n", "hello"))},
      {"9110 7.8", Level::must_not, "A 101 that nobody asked for is not passed on: to a plain request.",
       unasked(get(), agreed())},
      {"9110 7.8", Level::must_not, "A 101 that nobody asked for is not passed on: behind an upgrade that was ignored.",
       unasked(get("Connection: Upgrade\r\nUpgrade: h2c\r\n"), agreed("h2c"))},
      {"9110 7.8", Level::must_not, "A 101 that nobody asked for is not passed on: to HTTP/1.0.",
       Exchanged{.request = "GET /a HTTP/1.0\r\nHost: a.example\r\n" + std::string(wish) + "\r\n",
                 .answer = agreed(),
                 .at_client = {status(502)},
                 .reason = "app_bad_response",
                 .client = Fate::closed}},
      {"9110 15.5.22",
       Level::must,
       "A 426 of the app goes on with the Upgrade that it names.",
       answered(response("426 Upgrade Required", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n"),
                {status(426), absent("Upgrade")}, Fate::kept),
       {"forwarded without Upgrade",
        "Upgrade is about the app's connection. Whether the client's could be upgraded, a 426 of the app cannot say."}},
  };
}

}  // namespace

Rows upgrades() { return joined({asked(), ignored()}); }

TEST_CASE("conformance: upgrades") { check_rows(upgrades()); }

}  // namespace holdfast::conformance
