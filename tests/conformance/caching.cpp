// caching: RFC 9111 5. Holdfast keeps nothing, and says nothing in the place of those who might.
#include "tables.h"

namespace holdfast::conformance {
namespace {

Exchanged asks(std::string_view fields, Facts at_app) { return forwarded(get(fields), std::move(at_app)); }
Exchanged says(std::string_view fields, Facts at_client) {
  return answered(ok(fields), std::move(at_client), Fate::kept);
}

void asked_twice(Talk& t, std::string_view control) {
  for (const std::string n : {"1", "2"}) {
    t.c.send(get());
    t.see(t.asked(), {start("GET /a HTTP/1.1")}, "request " + n);
    t.s.app().send(ok(std::string(control), n));
    t.see(t.answered(), {content(n)}, "response " + n);
  }
}

Rows rows() {
  return {
      {"9111 5.2", Level::must, "Cache-Control of a request goes on.",
       asks("Cache-Control: no-cache, max-age=0\r\n", {field("Cache-Control", "no-cache, max-age=0")})},
      {"9111 5.2", Level::must, "Directives that are not known go on.",
       asks("Cache-Control: community=\"UCI, x\", odd\r\n", {field("Cache-Control", "community=\"UCI, x\", odd")})},
      {"9111 5.2", Level::must, "Several Cache-Control of a request go on one by one.",
       asks("Cache-Control: no-cache\r\nCache-Control: no-store\r\n",
            {fields("Cache-Control", {"no-cache", "no-store"})})},
      {"9111 5.2", Level::must, "Cache-Control of a response goes on.",
       says("Cache-Control: private=\"x-own\", max-age=60, must-revalidate\r\n",
            {field("Cache-Control", "private=\"x-own\", max-age=60, must-revalidate")})},
      {"9111 5.2", Level::must, "Several Cache-Control of a response go on one by one.",
       says("Cache-Control: no-cache\r\nCache-Control: s-maxage=5\r\n",
            {fields("Cache-Control", {"no-cache", "s-maxage=5"})})},
      {"9111 5.2", Level::must, "Cache-Control of a response is not lost with a 304.",
       answered(response("304 Not Modified", "Cache-Control: max-age=5\r\n"), {field("Cache-Control", "max-age=5")})},
      {"9111 5.2",
       Level::must,
       "Cache directives of a 5xx go on.",
       Exchanged{.request = get(),
                 .answer = response("500 Oops", "Cache-Control: max-age=60\r\nContent-Length: 0\r\n"),
                 .at_client = {field("Cache-Control", "no-store")},
                 .reason = "app_5xx"},
       {"`no-store`, with the replaced content", "That content is Holdfast's own and has the request's id in it."}},
      {"9111 5.2.1.5", Level::must_not, "A request with no-store is not stored, nor its response.", told([](Talk& t) {
         t.c.send(get("Cache-Control: no-store\r\n"));
         t.see(t.asked(), {field("Cache-Control", "no-store")}, "at the app");
         t.s.app().send(ok("Cache-Control: max-age=60\r\n", "1"));
         t.answered();
         t.c.send(get());
         t.see(t.asked(), {start("GET /a HTTP/1.1")}, "asked again");
         t.s.app().send(ok("", "2"));
         t.see(t.answered(), {content("2")}, "at the client");
       })},
      {"9111 5.2.2.5", Level::must_not, "A response with no-store is not stored.",
       told([](Talk& t) { asked_twice(t, "Cache-Control: no-store\r\n"); })},
      {"9111 4.2.4", Level::must_not, "Nothing stale is served: also what may be stored is asked for again.",
       told([](Talk& t) { asked_twice(t, "Cache-Control: public, max-age=3600\r\n"); })},
      {"9111 5.2.1.7", Level::should, "A request with only-if-cached is the next cache's to answer.",
       asks("Cache-Control: only-if-cached\r\n", {field("Cache-Control", "only-if-cached")})},
      {"9111 5.1", Level::must_not, "Age of the app is not changed.", says("Age: 17\r\n", {field("Age", "17")})},
      {"9111 5.1", Level::must_not, "No Age is made where nothing was stored.", says("", {absent("Age")})},
      {"9111 5.3", Level::must_not, "Expires is not changed.",
       says("Expires: Thu, 01 Dec 1994 16:00:00 GMT\r\n", {field("Expires", "Thu, 01 Dec 1994 16:00:00 GMT")})},
      {"9111 5.3", Level::must_not, "Not even an Expires that is no date is changed.",
       says("Expires: 0\r\n", {field("Expires", "0")})},
      {"9111 5.4", Level::may, "Pragma goes on.", asks("Pragma: no-cache\r\n", {field("Pragma", "no-cache")})},
      {"9111 5.5", Level::may, "Warning goes on.",
       says("Warning: 110 - \"Response is Stale\"\r\n", {field("Warning", "110 - \"Response is Stale\"")})},
      {"9111 5.2.2.5", Level::should, "Holdfast's own refusals say no-store.",
       refused("GET /a HTTP/1.1\r\n\r\n", "bad_request", {field("Cache-Control", "no-store")})},
      {"9111 5.2.2.5", Level::should, "Holdfast's own 502 says no-store.", bad_gateway("garbage\r\n\r\n")},
      {"9111 5.2", Level::must_not, "No directive is added to a response of the app.",
       says("", {absent("Cache-Control")})},
      {"9111 3.5", Level::must_not, "A response to Authorization is not served to somebody else.", told([](Talk& t) {
         testing::Peer& other = t.s.client("198.51.100.9");
         t.c.send(get("Authorization: Basic eDp5\r\n"));
         t.asked();
         t.s.app().send(ok("Cache-Control: public, max-age=3600\r\n", "secret"));
         t.answered();
         other.send(get());
         t.see(t.asked(), {absent("Authorization")}, "the other's request");
         t.s.app().send(response("401 Unauthorized", "WWW-Authenticate: Basic\r\nContent-Length: 0\r\n"));
         t.see(t.answered_to(other), {status(401), content("")}, "the other's response");
       })},
  };
}

}  // namespace

Rows caching() { return rows(); }

TEST_CASE("conformance: caching") { check_rows(caching()); }

}  // namespace holdfast::conformance
