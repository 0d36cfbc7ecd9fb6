// What the request parser accepts, what it refuses and why. Every input is parsed whole and in pieces (parsing.h).
#include "http/parsing.h"

namespace holdfast::http {
namespace {

using namespace std::string_literals;

std::string get(std::string_view fields, std::string_view line = "GET /t HTTP/1.1") {
  return std::string(line) + "\r\nHost: h.test\r\n" + std::string(fields) + (fields.empty() ? "\r\n" : "\r\n\r\n");
}

void refuses(std::string_view input, Reason reason, std::string_view rule) {
  Request r;
  const Outcome o = r.parse(input);
  INFO("input: ", std::string(input));
  CHECK(o.progress == Progress::failed);
  CHECK(failure(o.reason).word == failure(reason).word);
  CHECK(o.rule == rule);
}
void refuses(std::string_view input, std::string_view rule) { refuses(input, Reason::bad_request, rule); }

void accepts(std::string_view input) {
  Request r;
  INFO("input: ", std::string(input));
  const Outcome o = r.parse(input);
  INFO("rule: ", o.rule);
  CHECK(o.progress == Progress::done);
}

}  // namespace

TEST_CASE("a request head: method, target, version and fields are found where they are") {
  Request r;
  const std::string head =
      "POST /a/b?x=1 HTTP/1.1\r\nHost: h.test:8080\r\nX-A:\r\nCONTENT-length:\t 5 \t\r\nx!#$%&'*+-.^`|~: v w\t\r\n\r\n";
  const Outcome o = r.parse(head + "hello");
  REQUIRE(o.progress == Progress::done);
  CHECK(o.size == head.size());
  CHECK(o.fields == std::vector<ParsedField>{
                        {"Host", "h.test:8080"}, {"X-A", ""}, {"CONTENT-length", "5"}, {"x!#$%&'*+-.^`|~", "v w"}});
  CHECK(r.head.method == Method::post);
  CHECK(r.head.path() == "/a/b");
  CHECK(r.head.query() == "x=1");
  CHECK(r.authority() == "h.test:8080");
  CHECK(r.head.version == Version::http11);
  CHECK(r.head.framing == Framing::length);
  CHECK(r.head.content_length == 5);
  CHECK(r.head.keep_alive);
  CHECK(r.head.present.has(FieldId::content_length));
  CHECK(r.head.find(FieldId::host) == r.head.fields.data());
}

TEST_CASE("request framing: a length is digits only, given once, and below 2^63") {
  const auto with = [](const std::string& value) { return get("Content-Length:" + value, "POST /t HTTP/1.1"); };
  for (const char* good : {"5", " 5", "   5  ", "\t5\t", "0", "005", "0000000000000000005", "9223372036854775807"})
    accepts(with(good));
  for (const char* bad : {"", " ", " +5", " -5", " 0x5", " 5a", " 5 5", " 5, 6", " 5,5", " \"5\"",
                          " 18446744073709551621", " 9223372036854775808", " 00000000000000000005"}) {
    refuses(with(bad), "content-length is not one number");
  }
  refuses(get("Content-Length: 5\r\nContent-Length: 5"), "more than one content-length");
  refuses(get("Content-Length: 5\r\nContent-Length: 6"), "more than one content-length");
  refuses(get("Content-Length:\r\nContent-Length: 6"), "content-length is not one number");
  refuses(get("Content-Length: 6\r\nContent-Length:"), "more than one content-length");
  refuses(get("Content-Length:\x0b"
              "5"),
          "control character");
  refuses(get("Content-Length : 5"), "white space before the colon");
  refuses(get("Content-Length\0: 5"s), "character in a field name");
  refuses(get("Content-Length:\r\n 5"), "content-length is not one number");
  accepts(get("Content_Length: 0\r\nContent-Length: 5"));
}

TEST_CASE("request framing: the only transfer coding is one `chunked`") {
  for (const char* good : {"chunked", "CHUNKED", "Chunked  "}) {
    Request r;
    CHECK(r.parse(get("Transfer-Encoding: "s + good)).progress == Progress::done);
    CHECK(r.head.framing == Framing::chunked);
  }
  for (const char* bad : {"xchunked", "chunkedx", "chunked, identity", "\"chunked\"", ",chunked", "", "gzip",
                          "gzip, chunked", "chunked, gzip", "chunked, chunked", "identity", "chunked;q=1"}) {
    refuses(get("Transfer-Encoding: "s + bad), "transfer-encoding is not exactly chunked");
  }
  refuses(get("Transfer-Encoding:\x0b"
              "chunked"),
          "control character");
  refuses(get("Transfer-Encoding: chunked\x0b"), "control character");
  refuses(get("Transfer-Encoding: chunked\0"s), "control character");
  refuses(get("Transfer-Encoding : chunked"), "white space before the colon");
  refuses(get("Transfer-Encoding\xa0: chunked"), "character in a field name");
  refuses(get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), "more than one transfer-encoding");
  refuses(get("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow"), "more than one transfer-encoding");
  refuses(get("Transfer-Encoding\r\n : chunked"), "field line without a colon");
  refuses(get("Content-Length: 5\r\nTransfer-Encoding: chunked"), "content-length and transfer-encoding together");
  refuses(get("Transfer-Encoding: chunked\r\nContent-Length: 5"), "content-length and transfer-encoding together");
  refuses(get("Transfer-Encoding: chunked", "POST /t HTTP/1.0"), "transfer-encoding in HTTP/1.0");
}

TEST_CASE("field lines: white space, folds, control characters and names that are no token are refused") {
  refuses(get("X-A : 1"), "white space before the colon");
  refuses(get("X A: 1"), "white space before the colon");
  refuses(get("X-A: 1\r\n 2"), "white space at the start of a field line");
  refuses(get("X-A: 1\r\n\tX-Admin: yes"), "white space at the start of a field line");
  refuses("GET /t HTTP/1.1\r\n X-A: 1\r\nHost: h\r\n\r\n", "white space at the start of a field line");
  refuses(get("X-A: 1\r\n \r\nX-B: 2"), "white space at the start of a field line");
  refuses(get("X-A: a\nX-B: b"), "bare LF");
  refuses(get("X-A: a\rX-B: b"), "bare CR");
  refuses(get("X-A: a\r\r"), "bare CR");
  refuses(get("X\rA: a"), "bare CR");
  refuses(get("X\nA: a"), "bare LF");
  refuses("GET /t HTTP/1.1\r\nHost: h.test\r\n\rX", "bare CR");
  refuses("GET /t HTTP/1.1\r\nHost: h.test\r\n\rX-A: 1\r\n\r\n", "bare CR");
  refuses("GET /t HTTP/1.1\r\nHost: h.test\r\nX: y\n\nGET /", "bare LF");
  refuses("GET /t HTTP/1.1\r\nHost: h.test\r\n\n", "bare LF");
  for (int c = 0; c < 0x20; ++c) {
    if (c == '\t' || c == '\n' || c == '\r') continue;
    refuses(get("X-A: a"s + static_cast<char>(c) + "b"), "control character");
  }
  refuses(get("X-A: a\x7f"), "control character");
  refuses(get(": evil"), "empty field name");
  refuses(get(":"), "empty field name");
  refuses(get("X-NoColon"), "field line without a colon");
  for (const char c : "()<>@,;\\\"/[]?={}\x7f\x80\xff\x01"s)
    refuses(get("X"s + c + "A: 1"), "character in a field name");
  for (const char c : "()<>@,;\\\"/[]?={}\x7f\x80\xff\x01"s)
    refuses(get("A-very-long-name-of-a-field"s + c + ": 1"), "character in a field name");
  accepts(get("X-A: caf\xc3\xa9 \xff\x80\ttab"));
}

TEST_CASE("the request line has exactly one form") {
  refuses("GET  /t HTTP/1.1\r\nHost: h\r\n\r\n", "empty request target");
  refuses("GET\t/t\tHTTP/1.1\r\nHost: h\r\n\r\n", "character in the method");
  refuses(" GET /t HTTP/1.1\r\nHost: h\r\n\r\n", "character in the method");
  refuses("GE(T /t HTTP/1.1\r\n", "character in the method");
  refuses("GE\0T /t HTTP/1.1\r\n"s, "character in the method");
  refuses("\x16\x03\x01\x02\x00\x01"s, "character in the method");
  refuses("\n\nGET /t HTTP/1.1\r\n", "bare LF");
  refuses("GET /t HTTP/1.1 \r\nHost: h\r\n\r\n", "HTTP version");
  refuses("GET /t HTTP/1.1 HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP version");
  refuses("GET /t HTTP/1.1\nHost: h\n\n", "bare LF");
  refuses("GET /t HTTP/1.1\rX", "bare CR");
  refuses("GET /t\nHTTP/1.1\r\n", "bare LF");
  refuses("GET /t\r\n", "request line without a version");
  refuses("GET /t \r\n", "request line without a version");
  refuses("GET\r\n\r\n", "request line without a version");
  for (const char* version :
       {"http/1.1", "HTTP/1.10", "HTTP/1.1x", "HTTP/11", "HTTP/4294967297.1", "HTTP/1", "HTTP1.1", "HTTP/-1.1"}) {
    Request r;
    const Outcome o = r.parse("GET /t "s + version + "\r\nHost: h\r\n\r\n");
    CHECK(o.reason == Reason::bad_request);
  }
  for (const char* version : {"HTTP/2.0", "HTTP/0.9", "HTTP/3.0", "HTTP/1.2"}) {
    refuses("GET /t "s + version + "\r\nHost: h\r\n\r\n", Reason::unsupported_version, "");
  }
  refuses("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Reason::unsupported_version, "");
  refuses(std::string(33, 'M') + " /t HTTP/1.1\r\n", Reason::method_refused, "method too long");
  accepts(std::string(32, 'M') + " /t HTTP/1.1\r\nHost: h\r\n\r\n");
  accepts("get /t HTTP/1.1\r\nHost: h\r\n\r\n");
  accepts("\r\nGET /t HTTP/1.1\r\nHost: h\r\n\r\n");
  refuses("\r\n\r\nGET /t HTTP/1.1\r\nHost: h\r\n\r\n", "request line without a version");
  refuses("\rGET /t HTTP/1.1\r\n", "bare CR");
}

TEST_CASE("CONNECT and TRACE are refused as methods, but only in a valid head") {
  refuses("CONNECT h.test:22 HTTP/1.1\r\nHost: h.test:22\r\n\r\n", Reason::method_refused, "");
  refuses("TRACE / HTTP/1.1\r\nHost: h.test\r\n\r\n", Reason::method_refused, "");
  refuses("TRACE / HTTP/1.1\r\n\r\n", "no host");
  refuses("CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n", "target is no authority");
  refuses("CONNECT h.test HTTP/1.1\r\nHost: h\r\n\r\n", "target is no authority");
}

TEST_CASE("a request names exactly one host, which is an authority") {
  const auto with = [](const std::string& host) { return "GET /t HTTP/1.1\r\nHost: " + host + "\r\n\r\n"; };
  for (const char* good : {"h.test", "h.test:8080", "h.test:", "127.0.0.1", "[::1]", "[::1]:8080",
                           "[2001:db8::1.2.3.4]", "a_b", "h%20x", "A", "x:65535"}) {
    accepts(with(good));
  }
  for (const char* bad : {"",
                          "a.test b.test",
                          "a.test/x",
                          "x@a.test",
                          "a.test:80x",
                          "http://a.test",
                          ":80",
                          "a:b:80",
                          "[::1",
                          "[::1]x",
                          "[:::1]",
                          "[]",
                          "[1.2.3.4]",
                          "a.test:65536",
                          "a.test:99999999999",
                          "h%2",
                          "h%zz",
                          "a,b/c",
                          "caf\xc3\xa9",
                          "[::1%25eth0]",
                          "a?b",
                          "a\\b"}) {
    refuses(with(bad), "host is no authority");
  }
  refuses(with("a.test\0.evil"s), "control character");
  refuses("GET /t HTTP/1.1\r\nX-A: 1\r\n\r\n", "no host");
  refuses("GET /t HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "more than one host");
  refuses("GET /t HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "more than one host");
  refuses("GET http://a/ HTTP/1.1\r\nHost: a\r\nhOsT: b\r\n\r\n", "more than one host");
  accepts("GET /t HTTP/1.0\r\n\r\n");
}

TEST_CASE("the form of a target fits the method") {
  const auto target = [](const std::string& t, const std::string& method = "GET") {
    return method + " " + t + " HTTP/1.1\r\nHost: b.test\r\n\r\n";
  };
  refuses(target("*"), "asterisk target without OPTIONS");
  for (const char* bad :
       {"h.test:80", "@evil.test/", ":80@evil.test/", "t", "?x=1", "http:/a", "ftp://a.test/", "http", "http:", "**"}) {
    refuses(target(bad), "form of the target");
  }
  for (const char* bad :
       {"http:///p", "http://b@a.test/p", "http://a.test:x/", "http://[::1/", "https://?x", "http://:80/"}) {
    refuses(target(bad), "authority of the target");
  }
  refuses(target("http://"), "form of the target");
  for (const char* bad : {"/a#b", "/caf\xe9", "/a\tb", "/a\177b", "/a\x01"})
    refuses(target(bad), "character in the request target");
  refuses(target("/a\0b"s), "character in the request target");
  refuses(target("/a b"), "HTTP version");

  struct Case {
    std::string request, path, query, authority, sent;
  };
  for (const Case& c : std::vector<Case>{
           {target("/a/b%2Fc%3f;p=1/d,e?x=1&y=%20+&z=//"), "/a/b%2Fc%3f;p=1/d,e", "x=1&y=%20+&z=//", "b.test",
            "/a/b%2Fc%3f;p=1/d,e?x=1&y=%20+&z=//"},
           {target("//evil.test//x\\"), "//evil.test//x\\", "", "b.test", "//evil.test//x\\"},
           {target("/a?"), "/a", "", "b.test", "/a?"},
           {target("http://a.test/p?q=1"), "/p", "q=1", "a.test", "/p?q=1"},
           {target("HTTPS://a.test:80/p"), "/p", "", "a.test:80", "/p"},
           {target("http://a.test"), "/", "", "a.test", ""},
           {target("http://a.test?q"), "/", "q", "a.test", "?q"},
           {target("*", "OPTIONS"), "*", "", "b.test", "*"},
           {target("http://a.test", "OPTIONS"), "*", "", "a.test", ""},
       }) {
    Request r;
    INFO(c.request);
    REQUIRE(r.parse(c.request).progress == Progress::done);
    CHECK(r.head.path() == c.path);
    CHECK(r.head.query() == c.query);
    CHECK(r.authority() == c.authority);
    CHECK(r.target() == c.sent);
  }
}

TEST_CASE("what a request says of its connection, its expectation and an upgrade") {
  const auto parsed = [](const std::string& fields, const std::string& line = "GET /t HTTP/1.1") {
    auto r = std::make_unique<Request>();
    REQUIRE(r->parse(get(fields, line)).progress == Progress::done);
    return r;
  };
  CHECK_FALSE(parsed("Connection: x, Close")->head.keep_alive);
  CHECK(parsed("Connection: keep-alive", "GET /t HTTP/1.0")->head.keep_alive);
  CHECK_FALSE(parsed("Connection: keep-alive, close", "GET /t HTTP/1.0")->head.keep_alive);
  CHECK_FALSE(parsed("", "GET /t HTTP/1.0")->head.keep_alive);
  CHECK(parsed("Connection: keep-alive, x-hop")->head.nominates);
  CHECK_FALSE(parsed("Connection: Keep-Alive, TE, Upgrade,, close")->head.nominates);

  CHECK(parsed("Expect: 100-Continue\r\nContent-Length: 5")->head.expect_continue);
  CHECK(parsed("Expect: 100-continue\r\nTransfer-Encoding: chunked")->head.expect_continue);
  CHECK_FALSE(parsed("Expect: 100-continue")->head.expect_continue);
  CHECK_FALSE(parsed("Expect: 100-continue\r\nContent-Length: 0")->head.expect_continue);
  CHECK_FALSE(parsed("Expect: 100-continue\r\nContent-Length: 5", "POST / HTTP/1.0")->head.expect_continue);
  CHECK_FALSE(parsed("Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 5")->head.expect_continue);
  CHECK_FALSE(parsed("Expect: x\r\nContent-Length: 5")->head.expect_continue);

  const std::string websocket = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket";
  CHECK(parsed(websocket)->head.upgrade_websocket);
  CHECK_FALSE(parsed(websocket, "POST /t HTTP/1.1")->head.upgrade_websocket);
  CHECK_FALSE(parsed(websocket, "GET /t HTTP/1.0")->head.upgrade_websocket);
  CHECK_FALSE(parsed(websocket + "\r\nContent-Length: 5")->head.upgrade_websocket);
  CHECK_FALSE(parsed("Upgrade: websocket")->head.upgrade_websocket);
  CHECK_FALSE(parsed("Connection: Upgrade\r\nUpgrade: h2c")->head.upgrade_websocket);
  CHECK(parsed("TE: gzip;q=0.5, trailers")->head.te_trailers);
  CHECK_FALSE(parsed("TE: gzip")->head.te_trailers);
}

TEST_CASE("limits: each is crossed by the first byte too many, with or without a line end") {
  const auto limited = [](std::string_view input) {
    Request r;
    r.limits = {200, 3, 50};
    return r.parse(input);
  };
  const std::string host = "Host: h\r\n";
  CHECK(limited("GET /" + std::string(49, 'a') + " HTTP/1.1\r\n" + host + "\r\n").progress == Progress::done);
  CHECK(limited("GET /" + std::string(50, 'a')).reason == Reason::uri_too_long);
  CHECK(limited("GET /" + std::string(49, 'a')).progress == Progress::need_more);
  CHECK(limited("GET / HTTP/1.1\r\n" + host + "A: 1\r\nB: 2\r\n\r\n").progress == Progress::done);
  CHECK(limited("GET / HTTP/1.1\r\n" + host + "A: 1\r\nB: 2\r\nC: 3\r\n").reason == Reason::headers_too_large);
  CHECK(limited("GET / HTTP/1.1\r\n" + host + "A: " + std::string(200, 'v')).reason == Reason::headers_too_large);
  CHECK(limited("GET / HTTP/1.1\r\n" + host + std::string(200, 'n')).reason == Reason::headers_too_large);
  const std::string begin = "GET / HTTP/1.1\r\n" + host + "A: ";
  const std::string fits = begin + std::string(200 - begin.size() - 4, 'v') + "\r\n\r\n";
  CHECK(limited(fits).progress == Progress::done);
  CHECK(limited(begin + "v" + fits.substr(begin.size())).reason == Reason::headers_too_large);
  std::string many = "Connection: a";
  for (int i = 0; i < 40; ++i) many += ",b";
  refuses(get(many), "too many connection options");
}

TEST_CASE("a bad request names the offset of the byte") {
  Request r;
  CHECK(r.parse("GET /t HTTP/1.1\r\nHost: h\r\nX: a\nb\r\n\r\n").at == 30);
  CHECK(r.parse("GET /t HTTP/1.1\r\nHost: h\r\nX A: a\r\n\r\n").at == 27);
}

TEST_CASE("an idle connection has not begun a request until a byte other than the empty line came") {
  Request r;
  r.parser.start(r.limits, r.names);
  CHECK(r.parser.parse("", 0, r.head) == Progress::need_more);
  CHECK(r.parser.parse("\r", 1, r.head) == Progress::need_more);
  CHECK(r.parser.parse("\r\n", 2, r.head) == Progress::need_more);
  CHECK_FALSE(r.parser.begun());
  CHECK(r.parser.parse("\r\nG", 3, r.head) == Progress::need_more);
  CHECK(r.parser.begun());
}

TEST_CASE("field names: ids and marks in any case, for short, long and marked names") {
  FieldNames names;
  names.mark("X-Request-ID", mark_request_id);
  names.mark("cookie", mark_redact);
  names.mark("x-a-very-long-name-of-a-secret", mark_redact);
  names.mark("X-A-Very-Long-Name-Of-A-Secret", mark_strip);
  CHECK(names.classify("TE").id == FieldId::te);
  CHECK(names.classify("VIA").id == FieldId::via);
  CHECK(names.classify("Content-Length").id == FieldId::content_length);
  CHECK(names.classify("proxy-AUTHORIZATION").id == FieldId::proxy_authorization);
  CHECK(names.classify("Proxy-Authenticate").id == FieldId::proxy_authenticate);
  CHECK(names.classify("Proxy-Authenticatx").id == FieldId::other);
  CHECK(names.classify("x-forwarded-proto").id == FieldId::x_forwarded_proto);
  CHECK(names.classify("Content_Length").id == FieldId::other);
  CHECK(names.classify("x").id == FieldId::other);
  CHECK(names.classify("x-request-id").marks == mark_request_id);
  CHECK(names.classify("Cookie").id == FieldId::cookie);
  CHECK(names.classify("Cookie").marks == mark_redact);
  CHECK(names.classify("X-a-very-long-name-of-a-SECRET").marks == (mark_redact | mark_strip));
  CHECK(names.classify("X-a-very-long-name-of-a-SECRETS").marks == 0);
  CHECK(names.classify("nothing").id == FieldId::other);
  CHECK(names.classify("Content-TYPE").id == FieldId::content_type);
}

}  // namespace holdfast::http
