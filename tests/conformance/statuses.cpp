// statuses: RFC 9110 15: what a status means for the content, and which ones go on as they are.
#include "tables.h"

namespace holdfast::conformance {
namespace {

Exchanged passes(std::string_view line, std::string_view fields, Facts facts) {
  facts.push_back(start("HTTP/1.1 " + std::string(line)));
  facts.push_back(content("hello"));
  return answered(response(line, std::string(fields) + "Content-Length: 5\r\n", "hello"), std::move(facts), Fate::kept);
}

Rows without_content() {
  return {
      {"9110 15.3.5", Level::must, "A 204 ends with its head.",
       answered(response("204 No Content", "X-Own: 1\r\n"), {status(204), field("X-Own", "1"), content("")},
                Fate::kept)},
      {"9110 8.6", Level::must_not, "No Content-Length is sent in a 204, even if the app sent one.",
       answered(response("204 No Content", "Content-Length: 0\r\n"), {status(204), absent("Content-Length")})},
      {"9112 6.1", Level::must_not, "No Transfer-Encoding is sent in a 204, even if the app sent one.",
       answered(response("204 No Content", "Transfer-Encoding: chunked\r\n"),
                {status(204), absent("Transfer-Encoding")})},
      {"9112 6.3", Level::must, "Content that an app sends with a 204 answers nothing, and ends its connection.",
       answered(response("204 No Content", "Content-Length: 5\r\n", "hello"), {status(204), content("")},
                Fate::closed)},
      {"9110 15.3.6", Level::must, "A 205 says that it has no content.",
       answered(response("205 Reset Content", "Content-Length: 0\r\n"), {status(205), field("Content-Length", "0")},
                Fate::kept)},
      {"9110 15.4.5", Level::must, "A 304 ends with its head, and keeps the fields that identify what is meant.",
       answered(response("304 Not Modified",
                         "ETag: \"x\"\r\nVary: Accept\r\nCache-Control: max-age=5\r\n"
                         "Expires: Sun, 22 Nov 2026 00:00:00 GMT\r\nContent-Location: /b\r\n"),
                {status(304), field("ETag", "\"x\""), field("Vary", "Accept"), field("Cache-Control", "max-age=5"),
                 field("Expires", "Sun, 22 Nov 2026 00:00:00 GMT"), field("Content-Location", "/b"), content("")},
                Fate::kept)},
      {"9110 8.6", Level::may, "A 304 may tell the length that a 200 would have had.",
       answered(response("304 Not Modified", "Content-Length: 77\r\n"),
                {status(304), field("Content-Length", "77"), content("")})},
      {"9112 6.3", Level::must, "Content that an app sends with a 304 answers nothing, and ends its connection.",
       answered(response("304 Not Modified", "Content-Length: 5\r\n", "hello"), {status(304), content("")},
                Fate::closed)},
  };
}

Rows passed_on() {
  return {
      {"9110 15.1", Level::must, "A status that Holdfast does not know goes on: 299.", passes("299 Odd", "", {})},
      {"9110 15.1", Level::must, "A status that Holdfast does not know goes on: 499.", passes("499 Odd", "", {})},
      {"9110 15.3.2", Level::must, "A 201 goes on with its Location.",
       passes("201 Created", "Location: /users/1\r\n", {field("Location", "/users/1")})},
      {"9110 15.3.3", Level::must, "A 202 goes on.", passes("202 Accepted", "", {})},
      {"9110 15.3.7", Level::must, "A 206 goes on with its Content-Range.",
       passes("206 Partial Content", "Content-Range: bytes 0-4/9\r\n", {field("Content-Range", "bytes 0-4/9")})},
      {"9110 15.4.3", Level::must, "A redirect goes on with its Location: 302.",
       passes("302 Found", "Location: http://inner.example:3000/x\r\n",
              {field("Location", "http://inner.example:3000/x")})},
      {"9110 15.4.9", Level::must, "A redirect goes on with its Location: 308.",
       passes("308 Permanent Redirect", "Location: /b\r\n", {field("Location", "/b")})},
      {"9110 15.4.1", Level::must, "A 300 goes on.", passes("300 Multiple Choices", "", {})},
      {"9110 15.5.2", Level::must, "A 401 goes on with its WWW-Authenticate.",
       passes("401 Unauthorized", "WWW-Authenticate: Basic realm=\"a, b\"\r\nWWW-Authenticate: Bearer\r\n",
              {fields("WWW-Authenticate", {"Basic realm=\"a, b\"", "Bearer"})})},
      {"9110 15.5.1", Level::must, "A 400 of the app goes on with its content.", passes("400 Bad Request", "", {})},
      {"9110 15.5.5", Level::must, "A 404 of the app goes on with its content.", passes("404 Not Found", "", {})},
      {"9110 15.5.6", Level::must, "A 405 goes on with its Allow.",
       passes("405 Method Not Allowed", "Allow: GET, PUT\r\n", {field("Allow", "GET, PUT")})},
      {"9110 10.2.1", Level::must_not, "Allow is not changed, although Holdfast refuses TRACE.",
       passes("200 OK", "Allow: GET, TRACE, CONNECT\r\n", {field("Allow", "GET, TRACE, CONNECT")})},
      {"9110 15.5.10", Level::must, "A 409 goes on.", passes("409 Conflict", "", {})},
      {"9110 15.5.13", Level::must, "A 412 goes on.", passes("412 Precondition Failed", "", {})},
      {"9110 15.5.17", Level::must, "A 416 goes on with its Content-Range.",
       passes("416 Range Not Satisfiable", "Content-Range: bytes */9\r\n", {field("Content-Range", "bytes */9")})},
      {"9110 15.5.20", Level::must, "A 421 goes on.", passes("421 Misdirected Request", "", {})},
      {"9110 15.5.9", Level::may, "A 408 of the app goes on.", passes("408 Request Timeout", "", {})},
      {"9110 10.2.3", Level::may, "A 429 goes on with its Retry-After.",
       passes("429 Too Many Requests", "Retry-After: 120\r\n", {field("Retry-After", "120")})},
      {"9110 15.6.4", Level::may, "A 503 goes on with its Retry-After; what it says of its cause does not.",
       Exchanged{.request = get(),
                 .answer = response("503 Service Unavailable", "Retry-After: 120\r\nContent-Length: 5\r\n", "hello"),
                 .at_client = {status(503), field("Retry-After", "120")},
                 .reason = "app_5xx"}},
      {"9110 7.7",
       Level::must_not,
       "The content of a response is not transformed: of a 500.",
       Exchanged{.request = get(),
                 .answer = response("500 Oops", "Cache-Control: no-transform\r\nContent-Length: 5\r\n", "hello"),
                 .at_client = {start("HTTP/1.1 500 Internal Server Error"), field("Cache-Control", "no-store"),
                               mentions("{\"error\":")},
                 .reason = "app_5xx"},
       {"the status stays, the content is replaced",
        "The content of a 5xx may tell a stranger how the app is built. `errors: {replace5xx: false}` passes it."}},
      {"9110 7.7",
       Level::must_not,
       "With `replace5xx: false` the content of a 500 is not transformed either.",
       Exchanged{.request = get(),
                 .answer = response("500 Oops", "ETag: \"x\"\r\nContent-Length: 5\r\n", "hello"),
                 .at_client = {start("HTTP/1.1 500 Oops"), field("ETag", "\"x\""), content("hello")},
                 .reason = "app_5xx",
                 .app = Fate::kept},
       {},
       "  errors: {replace5xx: false}"},
  };
}

}  // namespace

Rows statuses() { return joined({without_content(), passed_on()}); }

TEST_CASE("conformance: statuses") { check_rows(statuses()); }

}  // namespace holdfast::conformance
