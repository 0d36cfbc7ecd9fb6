// What parsing and rendering one exchange's heads costs in instructions: run it under callgrind, with one of
// `request`, `response`, `forward`, `reply` and a count, and divide.
#include <charconv>
#include <cstdio>
#include <memory>
#include <string_view>

#include "http/forwarding.h"
#include "http/h1_parser.h"

namespace {

using namespace holdfast::http;

constexpr std::string_view request =
    "GET /api/v1/users/12345?fields=name,email&sort=created HTTP/1.1\r\n"
    "Host: users.example.test:8080\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
    "Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=abcdef0123456789abcdef0123456789; theme=dark; consent=yes; "
    "tracking=0123456789abcdef0123456789abcdef\r\n"
    "Authorization: Bearer "
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P\r\n"
    "X-Request-Id: 6f1c2a4e-9b1d-4a57-8c3e-0f2d6b7a8c9d\r\n"
    "Cache-Control: no-cache\r\n"
    "Referer: https://www.example.test/some/page?with=query\r\n"
    "\r\n";
constexpr std::string_view response =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.22.1\r\n"
    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Content-Length: 1024\r\n"
    "Connection: keep-alive\r\n"
    "ETag: \"0123456789abcdef\"\r\n"
    "Cache-Control: private, max-age=60\r\n"
    "\r\n";

unsigned long parse_requests(unsigned long count, bool render) {
  FieldNames names;
  names.mark("x-request-id", FieldMark::mark_request_id);
  names.mark("server", FieldMark::mark_strip);
  HeadLimits limits;
  RequestParser parser;
  RequestHead head;
  const AddedField id[] = {{"x-request-id", "6f1c2a4e-9b1d-4a57-8c3e-0f2d6b7a8c9d"}};
  RequestForwarding f;
  f.peer = "192.0.2.7";
  f.add = id;
  f.replace_request_id = true;
  const auto out = std::make_unique<char[]>(8192);
  unsigned long sum = 0;
  for (unsigned long i = 0; i < count; ++i) {
    if (i == 0 || !render) {
      parser.start(limits, names);
      sum += static_cast<unsigned long>(parser.parse(request.data(), request.size(), head));
    }
    if (render && request_bound(head, f) <= 8192)
      sum += static_cast<unsigned long>(render_request(head, f, out.get()) - out.get());
  }
  return sum;
}

unsigned long parse_responses(unsigned long count, bool render) {
  FieldNames names;
  names.mark("server", FieldMark::mark_strip);
  HeadLimits limits;
  ResponseParser parser;
  ResponseHead head;
  const AddedField id[] = {{"x-request-id", "6f1c2a4e-9b1d-4a57-8c3e-0f2d6b7a8c9d"}};
  ResponseForwarding f;
  f.framing = {Framing::length, 1024, false};
  f.keep_alive_seconds = 75;
  f.add = id;
  const auto out = std::make_unique<char[]>(8192);
  unsigned long sum = 0;
  for (unsigned long i = 0; i < count; ++i) {
    if (i == 0 || !render) {
      parser.start(limits, names, {});
      sum += static_cast<unsigned long>(parser.parse(response.data(), response.size(), head));
    }
    if (render && response_bound(head, f) <= 8192)
      sum += static_cast<unsigned long>(render_response(head, f, out.get()) - out.get());
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 64;
  const std::string_view what = argv[1];
  const std::string_view digits = argv[2];
  unsigned long count = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), count);
  unsigned long sum = 0;
  if (what == "request") sum = parse_requests(count, false);
  if (what == "forward") sum = parse_requests(count, true);
  if (what == "response") sum = parse_responses(count, false);
  if (what == "reply") sum = parse_responses(count, true);
  std::printf("%s x %lu: %lu, heads of %zu and %zu bytes\n", argv[1], count, sum, request.size(), response.size());
  return 0;
}
