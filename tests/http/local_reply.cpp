// Responses of our own, byte for byte.
#include "http/local_reply.h"

#include "http/parsing.h"

namespace holdfast::http {
namespace {

LocalReply reply_for(Reason reason) {
  LocalReply r;
  r.status = failure(reason).status;
  r.message = "internal error";
  r.request_id = "id-1";
  r.request_id_header = "x-request-id";
  r.date = "Sun, 06 Nov 1994 08:49:37 GMT";
  return r;
}

std::string rendered(const Error& error, const LocalReply& reply) {
  const std::size_t bound = local_reply_bound(error, reply);
  const auto out = std::make_unique<char[]>(bound);
  const char* end = render_local_reply(error, reply, out.get());
  CHECK(static_cast<std::size_t>(end - out.get()) <= bound);
  return {out.get(), static_cast<std::size_t>(end - out.get())};
}

std::string content_of(const Error& error) {
  const std::string all = rendered(error, reply_for(error.reason));
  return all.substr(all.find("\r\n\r\n") + 4);
}

}  // namespace

TEST_CASE("local reply: a 4xx says which rule was broken and where") {
  const Error error{Reason::bad_request, nullptr, "bare LF", 34, 0};
  CHECK(rendered(error, reply_for(error.reason)) ==
        "HTTP/1.1 400 Bad Request\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 63\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nCache-Control: no-store\r\nx-request-id: id-1\r\n\r\n"
        "{\"error\":\"bad request: bare LF at byte 34\",\"request_id\":\"id-1\"}");
}

TEST_CASE("local reply: a 4xx says the limit in its unit") {
  CHECK(content_of({Reason::body_too_large, nullptr, nullptr, 2U << 20U, 1U << 20U}) ==
        "{\"error\":\"request content too large: limit 1MiB\",\"request_id\":\"id-1\"}");
  CHECK(content_of({Reason::headers_too_large, nullptr, "too many fields", 101, 100}) ==
        "{\"error\":\"request header fields too large: too many fields, limit 100\",\"request_id\":\"id-1\"}");
  CHECK(content_of({Reason::uri_too_long, nullptr, nullptr, 9000, 8U << 10U}) ==
        "{\"error\":\"request target too long: limit 8KiB\",\"request_id\":\"id-1\"}");
  CHECK(content_of({Reason::downstream_body_slow, nullptr, nullptr, 0, 15000}) ==
        "{\"error\":\"request content not received in time: limit 15s\",\"request_id\":\"id-1\"}");
  CHECK(content_of({Reason::method_refused, nullptr, nullptr, 0, 0}) ==
        "{\"error\":\"method not supported\",\"request_id\":\"id-1\"}");
}

TEST_CASE("local reply: a 5xx says the configured message and nothing else") {
  CHECK(content_of({Reason::upstream_bad_response, nullptr, "bare LF", 34, 7}) ==
        "{\"error\":\"internal error\",\"request_id\":\"id-1\"}");
  LocalReply reply = reply_for(Reason::internal);
  reply.message = "a \"b\" \\ \n";
  const std::string all = rendered({Reason::internal, nullptr, nullptr, 0, 0}, reply);
  CHECK(all.substr(all.find('{')) == R"({"error":"a \"b\" \\ \u000a","request_id":"id-1"})");
}

TEST_CASE("local reply: the connection stays when it may, but never after a 408") {
  LocalReply reply = reply_for(Reason::rate_limited);
  reply.close = false;
  reply.keep_alive_seconds = 75;
  reply.retry_after_seconds = 2;
  reply.proxy_status = true;
  const std::string all = rendered({Reason::rate_limited, nullptr, nullptr, 0, 50000}, reply);
  CHECK(all.find("Connection: close") == std::string::npos);
  CHECK(all.find("Keep-Alive: timeout=75\r\n") != std::string::npos);
  CHECK(all.find("Retry-After: 2\r\n") != std::string::npos);
  CHECK(all.find("Proxy-Status: holdfast; error=http_request_error\r\n") != std::string::npos);
  CHECK(all.find("too many requests: limit 50/s") != std::string::npos);
  reply.status = 408;
  CHECK(rendered({Reason::upstream_first_byte_slow, nullptr, nullptr, 0, 0}, reply).find("Connection: close\r\n") !=
        std::string::npos);
}

TEST_CASE("local reply: problem details, HEAD and the bare form") {
  LocalReply reply = reply_for(Reason::upstream_refused);
  reply.format = ReplyFormat::problem;
  const Error error{Reason::upstream_refused, nullptr, nullptr, 0, 0};
  const std::string all = rendered(error, reply);
  CHECK(all.find("Content-Type: application/problem+json\r\n") != std::string::npos);
  const std::string content =
      R"({"type":"about:blank","title":"Bad Gateway","status":502,"detail":"internal error","instance":"urn:request:id-1"})";
  CHECK(all.substr(all.find('{')) == content);
  reply.head_request = true;
  CHECK(rendered(error, reply) == all.substr(0, all.find('{')));
  CHECK(all.find("Content-Length: " + std::to_string(content.size()) + "\r\n") != std::string::npos);
  reply.bare = true;
  CHECK(rendered(error, reply) == "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST_CASE("local reply: an app's 5xx keeps what a client needs and loses what describes the lost content") {
  Response r;
  r.names.mark("server", mark_strip);
  r.names.mark("x-request-id", mark_request_id);
  REQUIRE(r.parse("HTTP/1.1 503 db-7.internal is down\r\nServer: x\r\nRetry-After: 7\r\nSet-Cookie: "
                  "a=1\r\nWWW-Authenticate: Basic\r\nContent-Type: text/html\r\n"
                  "Content-Encoding: gzip\r\nContent-Language: en\r\nContent-Location: /x\r\nContent-Range: bytes "
                  "0-1/2\r\nContent-Disposition: inline\r\n"
                  "ETag: e\r\nLast-Modified: l\r\nDigest: d\r\nContent-Digest: d\r\nRepr-Digest: d\r\nCache-Control: "
                  "public\r\nX-Request-Id: app\r\nTrailer: X\r\n"
                  "Content-Length: 99\r\nDate: then\r\nConnection: close\r\nX-Other: kept\r\n\r\n")
              .progress == Progress::done);
  LocalReply reply = reply_for(Reason::upstream_5xx);
  reply.status = 503;
  reply.replaced = &r.head;
  reply.retry_after_seconds = 1;
  reply.close = false;
  CHECK(rendered({Reason::upstream_5xx, nullptr, nullptr, 0, 0}, reply) ==
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nSet-Cookie: a=1\r\nWWW-Authenticate: Basic\r\nDate: "
        "then\r\nX-Other: kept\r\nContent-Length: 46\r\n"
        "Content-Type: application/json\r\nCache-Control: no-store\r\nx-request-id: id-1\r\n\r\n{\"error\":\"internal "
        "error\",\"request_id\":\"id-1\"}");
}

TEST_CASE("every status of the failure table has a reason phrase") {
  for (const Failure& row : failure_table) {
    if (row.status != 0 && row.blame != Blame::none && !row.proxy_status.empty())
      CHECK_FALSE(reason_phrase(row.status).empty());
  }
  CHECK(reason_phrase(299).empty());
}

}  // namespace holdfast::http
