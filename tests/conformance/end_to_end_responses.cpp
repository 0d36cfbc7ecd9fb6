// end_to_end_responses: RFC 9110 8, 10 and 11: what the app says of its content and to its client, byte by byte.
#include "tables.h"

namespace holdfast::conformance {
namespace {

struct Passing {
  std::string_view section;
  Level level;
  std::string sentence;
  std::string name;
  std::string value;
};

std::vector<Passing> passing() {
  return {
      {"9110 8.8.3", Level::must_not, "A strong ETag stays strong.", "ETag", "\"x\""},
      {"9110 8.8.3", Level::must_not, "A weak ETag stays weak.", "ETag", "W/\"x\""},
      {"9110 8.8.2", Level::must_not, "Last-Modified is not changed.", "Last-Modified",
       "Tue, 15 Nov 1994 12:45:26 GMT"},
      {"9110 8.3", Level::must_not, "Content-Type is not changed.", "Content-Type", "text/html; charset=ISO-8859-4"},
      {"9110 8.4", Level::must_not, "Content-Encoding is not changed, nor the content.", "Content-Encoding", "gzip"},
      {"9110 8.5", Level::must_not, "Content-Language is not changed.", "Content-Language", "mi, en"},
      {"9110 8.7", Level::must_not, "Content-Location is not changed.", "Content-Location", "/b?c"},
      {"9110 14.3", Level::must_not, "Accept-Ranges is not changed.", "Accept-Ranges", "bytes"},
      {"9110 12.5.5", Level::must_not, "Vary is not changed.", "Vary", "accept-encoding, accept-language"},
      {"9110 12.5.5", Level::must_not, "Vary: * is not changed.", "Vary", "*"},
      {"9110 10.2.2", Level::must_not, "Location is not rewritten.", "Location", "//other.example/x#y"},
      {"9110 10.2.3", Level::must_not, "Retry-After is not changed.", "Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT"},
      {"9110 11.6.1", Level::must_not, "WWW-Authenticate is not changed.", "WWW-Authenticate",
       "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\""},
      {"9110 11.6.3", Level::must_not, "Authentication-Info is not changed.", "Authentication-Info", "nextnonce=\"x\""},
      {"9110 11.7.1", Level::must_not, "Proxy-Authenticate of the app is not changed.", "Proxy-Authenticate",
       "Basic realm=\"x\""},
      {"9110 6.6.1", Level::must_not, "Date of the app is not changed.", "Date", "Tue, 15 Nov 1994 08:12:31 GMT"},
      {"9110 6.6.1", Level::must_not, "Not even a Date that is no date is changed.", "Date", "yesterday"},
  };
}

Rows whole() {
  return {
      {"9110 6.6.1", Level::must, "A response without Date gets one.", told([](Talk& t) {
         t.c.send(get());
         t.s.app().send(ok());
         const Message answer = t.answered();
         t.see(answer, {field("Date", "Wed, 11 Feb 1970 16:00:00 GMT")}, "at the client");
       })},
      {"9110 6.6.1", Level::must, "A 4xx without Date gets one.",
       answered(response("404 Not Found", "Content-Length: 0\r\n"), {field("Date", "Wed, 11 Feb 1970 16:00:00 GMT")})},
      {"9110 6.6.1", Level::must, "A 304 without Date gets one.",
       answered(response("304 Not Modified"), {field("Date", "Wed, 11 Feb 1970 16:00:00 GMT")})},
      {"9110 7.7", Level::must_not, "Content is not transformed where no-transform says so.",
       answered(ok("Cache-Control: no-transform\r\nContent-Type: image/png\r\n", "\x89PNG\r\n\x1a\n"),
                {field("Cache-Control", "no-transform"), content("\x89PNG\r\n\x1a\n")}, Fate::kept)},
      {"9110 14.6", Level::must_not, "The parts of multipart/byteranges are content and are not changed.",
       answered(
           response("206 Partial Content", "Content-Type: multipart/byteranges; boundary=B\r\nContent-Length: 43\r\n",
                    "--B\r\nContent-Range: bytes 0-1/9\r\n\r\nhe\r\n--B-"),
           {status(206), content("--B\r\nContent-Range: bytes 0-1/9\r\n\r\nhe\r\n--B-")}, Fate::kept)},
      {"9110 10.2.4", Level::may, "Server tells what the app is made of and is removed; Holdfast names itself nowhere.",
       answered(ok("Server: app/1.2.3\r\nX-Powered-By: magic\r\n"), {absent("Server"), absent("X-Powered-By")})},
      {"9110 10.2.4",
       Level::may,
       "With `strip: []` Server goes on unchanged.",
       answered(ok("Server: app/1.2.3 (x)\r\n"), {field("Server", "app/1.2.3 (x)")}),
       {},
       "  errors: {strip: []}"},
  };
}

}  // namespace

Rows end_to_end_responses() {
  Rows rows;
  for (const Passing& one : passing()) {
    rows.push_back({one.section, one.level, one.sentence,
                    answered(ok(one.name + ": " + one.value + "\r\n", "\x1f\x8b..."),
                             {field(one.name, one.value), content("\x1f\x8b...")}, Fate::kept)});
  }
  return joined({std::move(rows), whole()});
}

TEST_CASE("conformance: end-to-end fields of responses") { check_rows(end_to_end_responses()); }

}  // namespace holdfast::conformance
