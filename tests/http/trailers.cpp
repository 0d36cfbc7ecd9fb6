// Which trailers go on.
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "http/field_names.h"
#include "http/forwarding.h"

namespace holdfast::http {
namespace {

// In memory of exactly the size, so that a sanitizer sees a byte read behind it.
std::string copied(std::string_view lines, const FieldNames& names, bool strip = false) {
  const auto in = std::make_unique<char[]>(lines.size());
  const auto out = std::make_unique<char[]>(lines.size());
  lines.copy(in.get(), lines.size());
  return {out.get(), copy_trailers({in.get(), lines.size()}, names, strip, out.get())};
}

bool goes_on(std::string_view name) {
  const std::string line = std::string(name) + ":1\r\n";
  const std::string out = copied("a:1\r\n" + line + "b:2\r\n", FieldNames());
  CHECK(copied(line, FieldNames()) == (out.size() > 10 ? line : ""));
  CHECK(out == (out.size() > 10 ? "a:1\r\n" + line + "b:2\r\n" : "a:1\r\nb:2\r\n"));
  return out.size() > 10;
}

}  // namespace

TEST_CASE("names that frame, route, authenticate or describe a message are left out of the trailers, in any case") {
  for (const char* name : {"Content-Length",
                           "transfer-encoding",
                           "TE",
                           "Host",
                           "Connection",
                           "Trailer",
                           "Authorization",
                           "Cookie",
                           "Set-Cookie",
                           "Content-Type",
                           "content-anything",
                           "X-Forwarded-For",
                           "x-forwarded-anything",
                           "Sec-Fetch-Site",
                           "Proxy-Status",
                           "If-Match",
                           "Access-Control-Allow-Origin",
                           "ACCEPT",
                           "Age",
                           "allow",
                           "Alt-Svc",
                           "Clear-Site-Data",
                           "Expires",
                           "HTTP2-Settings",
                           "Location",
                           "Origin",
                           "Pragma",
                           "Range",
                           "Referer",
                           "Refresh",
                           "Strict-Transport-Security",
                           "Vary",
                           "X-Real-IP"}) {
    CAPTURE(name);
    CHECK_FALSE(goes_on(name));
  }
}

TEST_CASE("other trailers go on, and those that are made for this place") {
  for (const char* name : {"c", "X-T", "Server-Timing", "Content-Digest", "Repr-Digest", "Digest", "ETag", "Date",
                           "Server", "accepted", "x-forwarded", "if", "secret", "grpc-status",
                           "Strict-Transport-Securit", "a-name-that-is-longer-than-any-other-name-here"}) {
    CAPTURE(name);
    CHECK(goes_on(name));
  }
}

TEST_CASE("what a policy marked stays behind in trailers too") {
  FieldNames names;
  names.mark("x-strip", mark_strip);
  names.mark("x-request-id", mark_request_id);
  names.mark("x-dropped", mark_dropped);
  names.mark("x-secret", mark_redact);
  const std::string lines = "X-A: 1\r\nX-Strip: 2\r\nX-Request-Id: 3\r\nX-Dropped: 4\r\nX-Secret: 5\r\nX-B:\r\n";
  CHECK(copied(lines, names, true) == "X-A: 1\r\nX-Secret: 5\r\nX-B:\r\n");
  CHECK(copied(lines, names, false) == "X-A: 1\r\nX-Strip: 2\r\nX-Secret: 5\r\nX-B:\r\n");
  CHECK(copied("", names).empty());
}

}  // namespace holdfast::http
