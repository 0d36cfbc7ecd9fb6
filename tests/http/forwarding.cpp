// The heads that go out, byte for byte.
#include "http/forwarding.h"

#include "http/parsing.h"

namespace holdfast::http {
namespace {

RequestForwarding plain_request() {
  RequestForwarding f;
  f.peer = "192.0.2.7";
  f.upstream_authority = "127.0.0.1:3000";
  return f;
}

std::string sent(const std::string& received, const RequestForwarding& f,
                 const std::vector<std::string>& request_id_names = {}) {
  Request r;
  for (const std::string& name : request_id_names) r.names.mark(name, mark_request_id);
  const Outcome o = r.parse(received);
  INFO("received: ", received);
  INFO("rule: ", o.rule);
  REQUIRE(o.progress == Progress::done);
  const std::size_t bound = request_bound(r.head, f);
  const auto out = std::make_unique<char[]>(bound);
  const char* end = render_request(r.head, f, out.get());
  CHECK(static_cast<std::size_t>(end - out.get()) <= bound);
  return {out.get(), static_cast<std::size_t>(end - out.get())};
}

std::string passed(const std::string& received, const ResponseForwarding& f, ResponseContext context = {}) {
  Response r;
  r.context = context;
  r.names.mark("server", mark_strip);
  r.names.mark("x-request-id", mark_request_id);
  INFO("received: ", received);
  REQUIRE(r.parse(received).progress == Progress::done);
  const std::size_t bound = response_bound(r.head, f);
  const auto out = std::make_unique<char[]>(bound);
  const char* end = render_response(r.head, f, out.get());
  CHECK(static_cast<std::size_t>(end - out.get()) <= bound);
  return {out.get(), static_cast<std::size_t>(end - out.get())};
}

const std::string client_lines =
    "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h.test\r\n"
    "Forwarded: for=192.0.2.7;host=h.test;proto=http\r\nVia: 1.1 holdfast\r\n";

std::string get(const std::string& fields) { return "GET /t HTTP/1.1\r\nHost: h.test\r\n" + fields + "\r\n"; }

}  // namespace

TEST_CASE("forwarding: end-to-end fields go on as they came, in their order") {
  const std::string fields = "Cookie: a=1\r\nx-a:1 \r\nX-B:\r\nX-A: 2\r\nCookie:\tb=2\r\nAuthorization: Basic eDp5\r\n";
  CHECK(sent(get(fields), plain_request()) == "GET /t HTTP/1.1\r\nHost: h.test\r\n" + fields + client_lines + "\r\n");
}

TEST_CASE("forwarding: connection-specific fields and what Connection names stay behind") {
  const std::string fields =
      "X-First: 1\r\nConnection: close, X-Hop,, keep-alive\r\nx-hOP: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: "
      "keep-alive\r\nX-Keep: 1\r\n"
      "TE: gzip;q=0.5, foo\r\nUpgrade: foo/2\r\nX-Last: 1\r\n";
  CHECK(sent(get(fields), plain_request()) ==
        "GET /t HTTP/1.1\r\nHost: h.test\r\nX-First: 1\r\nX-Keep: 1\r\nX-Last: 1\r\n" + client_lines + "\r\n");
}

TEST_CASE("forwarding: a field with the name of a connection option stays behind, close included") {
  CHECK(sent(get("Connection: close\r\nClose: 1\r\n"), plain_request()) ==
        "GET /t HTTP/1.1\r\nHost: h.test\r\n" + client_lines + "\r\n");
  ResponseForwarding f;
  f.framing = {Framing::length, 0, true};
  CHECK(passed("HTTP/1.1 200 OK\r\nConnection: close\r\nClose: 1\r\nContent-Length: 0\r\n\r\n", f) ==
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("forwarding: a client cannot have the host, credentials, the length, its address or the request id removed") {
  RequestForwarding f = plain_request();
  f.framing = {Framing::length, 5, false};
  const std::string fields =
      "Connection: Host, Authorization, Cookie, Content-Length, X-Request-Id, X-Forwarded-For, X-Z\r\nAuthorization: "
      "a\r\nCookie: c\r\n"
      "Content-Length: 5\r\nX-Request-Id: i\r\nX-Forwarded-For: 6.6.6.6\r\nX-Z: 1\r\n";
  CHECK(sent(get(fields), f, {"x-request-id"}) ==
        "GET /t HTTP/1.1\r\nHost: h.test\r\nAuthorization: a\r\nCookie: c\r\nX-Request-Id: i\r\nContent-Length: 5\r\n" +
            client_lines + "\r\n");
  f.trusted_hops = 1;
  CHECK(sent(get(fields), f, {"x-request-id"}).find("X-Forwarded-For: 6.6.6.6, 192.0.2.7\r\n") != std::string::npos);
}

TEST_CASE("forwarding: framing is written anew") {
  RequestForwarding f = plain_request();
  f.framing = {Framing::chunked, 0, false};
  CHECK(sent(get("Transfer-Encoding: CHUNKED\r\n"), f) ==
        "GET /t HTTP/1.1\r\nHost: h.test\r\nTransfer-Encoding: chunked\r\n" + client_lines + "\r\n");
  f.framing = {Framing::none, 0, true};
  CHECK(sent(get("content-LENGTH: 0\r\n"), f) ==
        "GET /t HTTP/1.1\r\nHost: h.test\r\nContent-Length: 0\r\n" + client_lines + "\r\n");
}

TEST_CASE("forwarding: absolute-form becomes origin-form with the host of the target") {
  const auto start = [](const std::string& line) {
    const std::string all = sent(line + " HTTP/1.1\r\nHost: b.test\r\nX-A: 1\r\n\r\n", plain_request());
    return all.substr(0, all.find("X-A"));
  };
  CHECK(start("GET http://a.test:81/p?q") == "GET /p?q HTTP/1.1\r\nHost: a.test:81\r\n");
  CHECK(start("GET http://a.test") == "GET / HTTP/1.1\r\nHost: a.test\r\n");
  CHECK(start("GET http://a.test?q") == "GET /?q HTTP/1.1\r\nHost: a.test\r\n");
  CHECK(start("OPTIONS http://a.test") == "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n");
  CHECK(start("OPTIONS http://a.test/") == "OPTIONS / HTTP/1.1\r\nHost: a.test\r\n");
  CHECK(start("OPTIONS *") == "OPTIONS * HTTP/1.1\r\nHost: b.test\r\n");
  CHECK(start("M-X //e.test/../x") == "M-X //e.test/../x HTTP/1.1\r\nHost: b.test\r\n");
}

TEST_CASE("forwarding: a 1.0 request becomes 1.1, with the address of the app when it names no host") {
  CHECK(sent("GET /t HTTP/1.0\r\nX-A: 1\r\n\r\n", plain_request()) ==
        "GET /t HTTP/1.1\r\nHost: 127.0.0.1:3000\r\nX-A: 1\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
        "Forwarded: for=192.0.2.7;proto=http\r\nVia: 1.0 holdfast\r\n\r\n");
  CHECK(sent("GET /t HTTP/1.0\r\nHost: h.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nExpect: "
             "100-continue\r\n\r\n",
             plain_request())
            .find("Upgrade") == std::string::npos);
}

TEST_CASE("forwarding: what a client claims of its address is dropped, or appended to behind trusted proxies") {
  const std::string claims =
      "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Host: evil\r\nForwarded: for=1.1.1.1\r\nX-Forwarded-Proto: "
      "https\r\nx-forwarded-for: 2.2.2.2, 3.3.3.3\r\n";
  RequestForwarding f = plain_request();
  CHECK(sent(get(claims), f) == "GET /t HTTP/1.1\r\nHost: h.test\r\n" + client_lines + "\r\n");
  f.trusted_hops = 1;
  CHECK(sent(get(claims), f) ==
        "GET /t HTTP/1.1\r\nHost: h.test\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: "
        "1.1.1.1\r\n"
        "X-Forwarded-For: 2.2.2.2, 3.3.3.3, 192.0.2.7\r\nForwarded: for=1.1.1.1, "
        "for=192.0.2.7;host=h.test;proto=http\r\nVia: 1.1 holdfast\r\n\r\n");
  CHECK(sent(get(""), f) ==
        "GET /t HTTP/1.1\r\nHost: h.test\r\nX-Forwarded-For: 192.0.2.7\r\nVia: 1.1 holdfast\r\n\r\n");

  f = plain_request();
  f.peer = "2001:db8::7";
  CHECK(sent("GET /t HTTP/1.1\r\nHost: h.test:80\r\n\r\n", f)
            .find("Forwarded: for=\"[2001:db8::7]\";host=\"h.test:80\";proto=http\r\n") != std::string::npos);
  f.peer = "unix";
  CHECK(sent(get(""), f).find("X-Forwarded-For: unknown\r\n") != std::string::npos);

  Request r;
  REQUIRE(r.parse(get(claims)).progress == Progress::done);
  CHECK(forwarded_for(r.head, 1) == "3.3.3.3");
  CHECK(forwarded_for(r.head, 2) == "2.2.2.2");
  CHECK(forwarded_for(r.head, 3) == "1.1.1.1");
  CHECK(forwarded_for(r.head, 4).empty());
}

TEST_CASE("forwarding: hop fields that we understand are written for the next hop") {
  CHECK(sent(get("Connection: Upgrade\r\nUpgrade: websocket, x\r\nSec-WebSocket-Key: k\r\n"), plain_request()) ==
        "GET /t HTTP/1.1\r\nHost: h.test\r\nSec-WebSocket-Key: k\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
            client_lines + "\r\n");
  CHECK(sent(get("Connection: TE\r\nTE: trailers\r\nTrailer: X-T\r\n"), plain_request()) ==
        "GET /t HTTP/1.1\r\nHost: h.test\r\nTrailer: X-T\r\nConnection: TE\r\nTE: trailers\r\n" + client_lines +
            "\r\n");
  CHECK(sent(get("Via: 1.0 a\r\n"), plain_request()) ==
        "GET /t HTTP/1.1\r\nHost: h.test\r\nVia: 1.0 a\r\n" + client_lines + "\r\n");
  const std::string options = sent("OPTIONS /t HTTP/1.1\r\nHost: h.test\r\nMax-Forwards: 10\r\n\r\n", plain_request());
  CHECK(options == "OPTIONS /t HTTP/1.1\r\nHost: h.test\r\nMax-Forwards: 9\r\n" + client_lines + "\r\n");
  CHECK(sent(get("Max-Forwards: 10\r\n"), plain_request()).find("Max-Forwards: 10\r\n") != std::string::npos);
}

TEST_CASE("forwarding: an expectation goes on when the client waits, or when we do not know it") {
  RequestForwarding f = plain_request();
  f.framing = {Framing::length, 5, false};
  const auto expects = [&](const std::string& fields) {
    return sent(get(fields + "Content-Length: 5\r\n"), f).find("Expect") != std::string::npos;
  };
  CHECK(expects("Expect: 100-continue\r\n"));
  CHECK(expects("Expect: tea\r\n"));
  CHECK_FALSE(expects("Expect: 100-continue\r\nExpect: 100-continue\r\n"));
  CHECK_FALSE(expects("Expect: tea\r\nExpect: coffee\r\n"));
  CHECK(sent(get("Expect: 100-continue\r\n"), plain_request()).find("Expect") == std::string::npos);
}

TEST_CASE("forwarding: policies drop and add request fields") {
  RequestForwarding f = plain_request();
  f.drop.add(FieldId::traceparent);
  f.replace_request_id = true;
  const AddedField added[] = {{"x-request-id", "new"}};
  f.add = added;
  CHECK(sent(get("Traceparent: x\r\nX-Request-ID: old\r\nServer: kept\r\n"), f, {"x-request-id"}) ==
        "GET /t HTTP/1.1\r\nHost: h.test\r\nServer: kept\r\n" + client_lines + "x-request-id: new\r\n\r\n");
}

TEST_CASE("forwarding: a response keeps its end-to-end fields and gets a date") {
  ResponseForwarding f;
  f.framing = {Framing::length, 5, false};
  f.date = "Sun, 06 Nov 1994 08:49:37 GMT";
  f.keep_alive_seconds = 75;
  CHECK(passed("HTTP/1.1 200 All good\r\nServer: x\r\nSet-Cookie: a=1\r\nConnection: X-Internal, keep-alive, "
               "Set-Cookie\r\nX-Internal: s\r\n"
               "Keep-Alive: timeout=77\r\nSet-Cookie: b=2, x\r\nContent-Length: 5\r\nTrailer: X\r\nUpgrade: "
               "foo\r\nETag: \"e\"\r\n\r\n",
               f) ==
        "HTTP/1.1 200 All good\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2, x\r\nETag: \"e\"\r\nDate: Sun, 06 Nov 1994 "
        "08:49:37 GMT\r\nContent-Length: 5\r\n"
        "Keep-Alive: timeout=75\r\n\r\n");
  f.close = true;
  f.strip = false;
  CHECK(passed("HTTP/1.0 200 \r\nServer: x\r\nDate: y\r\n\r\n", f) ==
        "HTTP/1.1 200 \r\nServer: x\r\nDate: y\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
}

TEST_CASE("forwarding: response framing for 1.0 clients, for 204, 304 and HEAD") {
  ResponseForwarding f;
  f.client_version = Version::http10;
  f.framing = {Framing::length, 5, false};
  CHECK(passed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", f) ==
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n");
  f.client_version = Version::http11;
  f.framing = {Framing::none, 0, true};
  CHECK(passed("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", f) == "HTTP/1.1 204 No Content\r\n\r\n");
  f.framing = {Framing::none, 100, true};
  CHECK(passed("HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", f) ==
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n");
  f.framing = {Framing::chunked, 0, false};
  CHECK(passed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n", f) ==
        "HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST_CASE("forwarding: interim responses have neither date nor framing, and a 101 names its upgrade") {
  ResponseForwarding f;
  f.date = "now";
  f.keep_alive_seconds = 75;
  CHECK(passed("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nServer: s\r\n\r\n", f) ==
        "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
  f.upgrade = true;
  CHECK(passed("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
               "x\r\n\r\n",
               f, {false, true}) ==
        "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\nConnection: Upgrade\r\nUpgrade: "
        "websocket\r\n\r\n");
}

TEST_CASE("forwarding: policies drop and add response fields") {
  ResponseForwarding f;
  f.framing = {Framing::length, 0, false};
  f.drop.add(FieldId::etag);
  f.replace_request_id = true;
  f.replace_reason = true;
  f.reason = "Bad Gateway";
  const AddedField added[] = {{"x-request-id", "new"}};
  f.add = added;
  CHECK(passed("HTTP/1.1 502 secret\r\nETag: e\r\nX-Request-Id: app\r\nContent-Length: 9\r\n\r\n", f) ==
        "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nx-request-id: new\r\n\r\n");
}

TEST_CASE("a list contains a token in any case, between any white space") {
  CHECK(lists_token("a, CLOSE\t,b", "close"));
  CHECK(lists_token("close", "close"));
  CHECK_FALSE(lists_token("closed, not close", "close"));
  CHECK_FALSE(lists_token("", "close"));
}

}  // namespace holdfast::http
