// interim_responses: RFC 9110 15.2: 1xx of the app.
#include "tables.h"

namespace holdfast::conformance {
namespace {

std::string early_hints(int count) {
  std::string hints;
  for (int i = 0; i < count; ++i) hints += response("103 Early Hints", "Link: </style.css>\r\n");
  return hints;
}

Exchanged interim(std::string answer, std::vector<std::string> interims) {
  return Exchanged{.request = get(),
                   .answer = std::move(answer),
                   .at_client = {status(200), content("hello")},
                   .app = Fate::kept,
                   .interims = std::move(interims)};
}

Rows rows() {
  return {
      {"9110 15.2", Level::must, "A 103 goes on in front of the final response.",
       interim(early_hints(1) + ok(), {"HTTP/1.1 103 Early Hints"})},
      {"9110 15.2", Level::must, "A 102 goes on in front of the final response.",
       interim(response("102 Processing") + ok(), {"HTTP/1.1 102 Processing"})},
      {"9110 15.2", Level::must, "A 100 that nobody asked for goes on, and is not taken for the final response.",
       interim(response("100 Continue") + ok(), {"HTTP/1.1 100 Continue"})},
      {"9110 15.2", Level::must, "A 1xx that Holdfast does not know goes on.",
       interim(response("199 Odd") + ok(), {"HTTP/1.1 199 Odd"})},
      {"9110 15.2", Level::must, "Several of them go on in their order.",
       interim(response("100 Continue") + response("102 Processing") + early_hints(1) + ok(),
               {"HTTP/1.1 100 Continue", "HTTP/1.1 102 Processing", "HTTP/1.1 103 Early Hints"})},
      {"9110 15.2", Level::must, "Sixteen of them go on.",
       interim(early_hints(16) + ok(), std::vector<std::string>(16, "HTTP/1.1 103 Early Hints"))},
      {"9110 15.2",
       Level::must,
       "However many there are, they go on.",
       Exchanged{.request = get(),
                 .answer = early_hints(17) + ok(),
                 .at_client = {status(502)},
                 .reason = "app_bad_response",
                 .app = Fate::closed,
                 .interims = std::vector<std::string>(16, "HTTP/1.1 103 Early Hints")},
       {"502 `app_bad_response` for the 17th",
        "Sixteen are more than any use has; behind more of them is an app that never comes to its point."}},
      {"9110 15.2", Level::must_not, "No 1xx is sent to a client in HTTP/1.0.",
       Exchanged{.request = "GET /a HTTP/1.0\r\nHost: a.example\r\n\r\n",
                 .answer = response("100 Continue") + early_hints(2) + ok(),
                 .at_client = {status(200), content("hello")},
                 .client = Fate::closed}},
      {"9110 15.2", Level::must, "The fields of a 1xx go on, those of its connection do not.", told([](Talk& t) {
         t.c.send(get());
         t.s.app().send(response("103 Early Hints", "Link: </a>\r\nConnection: X-Hop\r\nX-Hop: 1\r\nLink: </b>\r\n"));
         t.see(read_response(t.c.take(), false, false),
               {status(103), fields("Link", {"</a>", "</b>"}), absent("X-Hop"), absent("Connection")}, "the 103");
       })},
      {"9110 15.2", Level::must, "A 1xx reaches the client when it comes, not with the final response.",
       told([](Talk& t) {
         t.c.send(get());
         t.s.app().send(early_hints(1));
         t.check(t.c.take().starts_with("HTTP/1.1 103 "), "the 103 is held back");
         t.s.app().send(ok());
         t.see(t.answered(), {status(200)}, "the final response");
       })},
      {"9110 15.2", Level::must, "A 1xx ends with its head: Content-Length in it is a bad response.",
       bad_gateway(response("103 Early Hints", "Content-Length: 5\r\n", "hello") + ok())},
      {"9110 8.6", Level::must_not, "Not even a Content-Length of zero is passed on in a 1xx.",
       bad_gateway(response("103 Early Hints", "Content-Length: 0\r\n") + ok())},
      {"9112 6.1", Level::must_not, "Transfer-Encoding is not passed on in a 1xx.",
       bad_gateway(response("103 Early Hints", "Transfer-Encoding: chunked\r\n") + ok())},
      {"9110 6.6.1", Level::may, "No Date is added to a 1xx.", told([](Talk& t) {
         t.c.send(get());
         t.s.app().send(early_hints(1));
         t.see(read_response(t.c.take(), false, false), {absent("Date"), absent("Content-Length")}, "the 103");
       })},
      {"9112 8", Level::must, "An app that closes behind a 1xx has not answered.",
       Exchanged{.request = get(),
                 .answer = early_hints(1),
                 .then = AppEnd::closes,
                 .at_client = {status(502)},
                 .reason = "app_reset",
                 .app = Fate::closed,
                 .interims = {"HTTP/1.1 103 Early Hints"}}},
  };
}

}  // namespace

Rows interim_responses() { return rows(); }

TEST_CASE("conformance: interim responses") { check_rows(interim_responses()); }

}  // namespace holdfast::conformance
