// end_to_end_requests: RFC 9110 10 to 14: fields that are between the client and the app, byte by byte.
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
      {"9110 11.6.2", Level::must_not, "Authorization is not changed.", "Authorization",
       "Digest username=\"a\", realm=\"b, c\", nc=00000001"},
      {"9110 11.7.2", Level::may, "Proxy-Authorization is for whoever expects it, which Holdfast does not.",
       "Proxy-Authorization", "Basic eDp5"},
      {"9110 13.1.1", Level::must_not, "If-Match is the app's to judge.", "If-Match", "\"x\", W/\"y\""},
      {"9110 13.1.2", Level::must_not, "If-None-Match is the app's to judge.", "If-None-Match", "W/\"x\""},
      {"9110 13.1.2", Level::must_not, "If-None-Match: * is the app's to judge.", "If-None-Match", "*"},
      {"9110 13.1.3", Level::must_not, "If-Modified-Since is the app's to judge.", "If-Modified-Since",
       "Sat, 29 Oct 1994 19:43:31 GMT"},
      {"9110 13.1.4", Level::must_not, "If-Unmodified-Since is the app's to judge.", "If-Unmodified-Since",
       "Saturday, 29-Oct-94 19:43:31 GMT"},
      {"9110 13.1.5", Level::must_not, "If-Range is the app's to judge.", "If-Range", "\"x\""},
      {"9110 14.2", Level::may, "Range goes on, also one that makes no sense.", "Range", "bytes=0-4,-1,9-3"},
      {"9110 14.2", Level::may, "A range unit that is not known goes on.", "Range", "lines=1-2"},
      {"9110 12.5.1", Level::must, "Accept goes on.", "Accept", "text/*;q=0.3, text/html;level=2;q=0.4, */*;q=0.5"},
      {"9110 12.5.3", Level::must, "Accept-Encoding goes on: content codings are end to end.", "Accept-Encoding",
       "gzip;q=1.0, identity; q=0.5, *;q=0"},
      {"9110 12.5.4", Level::must, "Accept-Language goes on.", "Accept-Language", "da, en-gb;q=0.8"},
      {"9110 12.5.2", Level::must, "Accept-Charset goes on.", "Accept-Charset", "utf-8"},
      {"9110 10.1.2", Level::must, "From goes on.", "From", "spider@example.org"},
      {"9110 10.1.3", Level::must, "Referer goes on.", "Referer", "http://www.example.org/?a=b"},
      {"9110 10.1.5", Level::must, "User-Agent goes on.", "User-Agent", "curl/8.0 (a; b) x/1"},
      {"9110 8.3", Level::must, "Content-Type goes on.", "Content-Type", "multipart/form-data; boundary=\"a b\""},
      {"9110 8.4", Level::must, "Content-Encoding goes on; content is not decoded.", "Content-Encoding", "gzip, br"},
      {"9110 14.5", Level::may, "Content-Range of a partial PUT goes on.", "Content-Range", "bytes 0-4/9"},
      {"9110 6.6.1", Level::may, "Date of a request goes on.", "Date", "Sun, 22 Nov 2026 08:00:00 GMT"},
  };
}

}  // namespace

Rows end_to_end_requests() {
  Rows rows;
  for (const Passing& one : passing()) {
    rows.push_back(
        {one.section, one.level, one.sentence,
         forwarded(request("PUT /a", one.name + ": " + one.value + "\r\nContent-Length: 5\r\n", "\x1f\x8b..."),
                   {field(one.name, one.value), content("\x1f\x8b...")})});
  }
  rows.push_back({"9110 6.6.1", Level::may, "No Date is added to a request.", forwarded(get(), {absent("Date")})});
  rows.push_back({"9110 10.1.5", Level::must_not, "No User-Agent is added to a request.",
                  forwarded(get(), {absent("User-Agent")})});
  rows.push_back({"9110 12.5.1", Level::must_not, "No Accept and no Accept-Encoding are added to a request.",
                  forwarded(get(), {absent("Accept"), absent("Accept-Encoding")})});
  return rows;
}

TEST_CASE("conformance: end-to-end fields of requests") { check_rows(end_to_end_requests()); }

}  // namespace holdfast::conformance
