// response_framing: RFC 9112 6 and 6.3: where the content of a response ends.
#include "tables.h"

namespace holdfast::conformance {
namespace {

using namespace std::string_literals;

Exchanged refused_length(std::string_view value) {
  return bad_gateway(response("200 OK", "Content-Length: " + std::string(value) + "\r\n", "hello"));
}
Exchanged refused_coding(std::string_view value) {
  return bad_gateway(
      response("200 OK", "Transfer-Encoding: " + std::string(value) + "\r\n", "5\r\nhello\r\n0\r\n\r\n"));
}

Rows lengths() {
  return {
      {"9112 6.3", Level::must, "Content-Length is the length of the content.",
       answered(ok(), {field("Content-Length", "5"), content("hello")}, Fate::kept)},
      {"9112 6.3", Level::must, "A length of zero is content of no bytes.",
       answered(ok("", ""), {field("Content-Length", "0"), content("")}, Fate::kept)},
      {"9110 8.6", Level::must, "Leading zeros do not change a length, which is written anew.",
       answered(response("200 OK", "Content-Length: 00005\r\n", "hello"), {field("Content-Length", "5")})},
      {"9112 6.3", Level::must, "Two lengths that differ are a bad response: closed, discarded, 502.",
       bad_gateway(response("200 OK", "Content-Length: 5\r\nContent-Length: 6\r\n", "hello"))},
      {"9112 6.3", Level::must, "Two lengths in one field that differ are a bad response.", refused_length("5, 6")},
      {"9110 8.6", Level::may, "A length twice in one field is a bad response even when both are the same.",
       refused_length("5, 5")},
      {"9110 8.6", Level::may, "Two Content-Length are a bad response even when both say the same.",
       bad_gateway(response("200 OK", "Content-Length: 5\r\nContent-Length: 5\r\n", "hello"))},
      {"9112 6.3", Level::must, "An empty length is a bad response.", refused_length("")},
      {"9112 6.3", Level::must, "A negative length is a bad response.", refused_length("-5")},
      {"9112 6.3", Level::must, "A length with a plus sign is a bad response.", refused_length("+5")},
      {"9112 6.3", Level::must, "A hexadecimal length is a bad response.", refused_length("0x5")},
      {"9112 6.3", Level::must, "A length with SP inside is a bad response.", refused_length("5 5")},
      {"9110 8.6", Level::must, "A length that wraps around 64 bits is a bad response.",
       refused_length("18446744073709551621")},
      {"9112 6.3", Level::must, "Without framing the content ends with the connection, and is framed for the client.",
       Exchanged{.request = get(),
                 .answer = response("200 OK", "", "hello"),
                 .then = AppEnd::closes,
                 .at_client = {chunked("hello")},
                 .app = Fate::closed}},
      {"9112 6.3", Level::must, "An app in HTTP/1.0 ends its content with the connection.",
       Exchanged{.request = get(),
                 .answer = "HTTP/1.0 200 OK\r\n\r\nhello",
                 .then = AppEnd::closes,
                 .at_client = {chunked("hello")},
                 .app = Fate::closed}},
      {"9112 6.1", Level::must_not, "A client in HTTP/1.0 gets no chunks: content ends with the connection.",
       Exchanged{.request = "GET /a HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n",
                 .answer = chunked_ok("3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
                 .at_client = {absent("Transfer-Encoding"), content("hello")},
                 .client = Fate::closed}},
      {"9112 6.3", Level::must, "Content without framing reaches a client in HTTP/1.0 unframed.",
       Exchanged{.request = "GET /a HTTP/1.0\r\nHost: a.example\r\n\r\n",
                 .answer = response("200 OK", "", "hello"),
                 .then = AppEnd::closes,
                 .at_client = {absent("Transfer-Encoding"), absent("Content-Length"), content("hello")},
                 .client = Fate::closed}},
      {"9112 6.3", Level::must, "Content is opaque: a response inside of it is content.",
       answered(ok("", ok("", "inner")), {content(ok("", "inner"))}, Fate::kept)},
  };
}

Rows codings() {
  return {
      {"9112 7.1", Level::must, "Chunked content of a response is understood, and sent in chunks.",
       answered(chunked_ok("5\r\nhello\r\n0\r\n\r\n"), {field("Transfer-Encoding", "chunked"), chunked("hello")},
                Fate::kept)},
      {"9112 7", Level::must, "The name of a coding is case-insensitive in responses.",
       answered(response("200 OK", "Transfer-Encoding: Chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), {chunked("hello")})},
      {"9112 6.1", Level::must_not, "Content-Length is never sent to a client beside Transfer-Encoding.",
       answered(chunked_ok("5\r\nhello\r\n0\r\n\r\n"), {absent("Content-Length")})},
      {"9112 6.3", Level::must, "Content-Length and Transfer-Encoding together are handled as an error: 502.",
       bad_gateway(response("200 OK", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"))},
      {"9112 6.1", Level::must, "Transfer-Encoding in HTTP/1.0 is faulty framing.",
       bad_gateway("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
      {"9112 6.1", Level::must_not, "A coding that was not asked for is not passed on as if it were content.",
       refused_coding("gzip")},
      {"9112 6.1", Level::must_not, "A coding in front of chunked that was not asked for is not passed on.",
       refused_coding("gzip, chunked")},
      {"9112 6.1", Level::must_not, "Chunked is not applied twice.", refused_coding("chunked, chunked")},
      {"9112 6.1", Level::must_not, "Chunked is not applied twice, in two fields.",
       bad_gateway(response("200 OK", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"))},
      {"9112 7", Level::must, "`identity` is no transfer coding.", refused_coding("identity")},
      {"9112 7", Level::must, "A coding whose name only looks like chunked is another.", refused_coding("xchunked")},
      {"9112 7", Level::must, "An empty Transfer-Encoding is no coding.", refused_coding("")},
      {"9112 7", Level::must, "A vertical tab does not begin the name of a coding.", refused_coding("\vchunked")},
  };
}

Rows behind() {
  return {
      {"9112 9.2", Level::must_not, "What an app sends behind its response answers nothing, and ends its connection.",
       answered(ok() + ok("", "stray"), {content("hello")}, Fate::closed)},
      {"9112 9.2", Level::must_not, "What an app sends behind the last chunk answers nothing.",
       answered(chunked_ok("5\r\nhello\r\n0\r\n\r\n") + ok("", "stray"), {chunked("hello")}, Fate::closed)},
      {"9112 9.2", Level::must_not, "An interim response behind the final one answers nothing.",
       answered(ok() + response("100 Continue"), {content("hello")}, Fate::closed)},
      {"9112 9.2", Level::must_not, "A line end behind the content answers nothing.",
       answered(ok() + "\r\n", {content("hello")}, Fate::closed)},
      {"9112 9.2", Level::must_not, "What an app sends on an idle connection answers nothing, and ends it.",
       told([](Talk& t) {
         t.c.send(get());
         t.s.app().send(ok());
         t.answered();
         t.s.app().send(ok("", "stray"));
         t.check(!t.s.app().open(), "a connection that spoke unasked is kept");
         t.c.send(get("", "/2"));
         t.check(t.s.dialled() == 2, "no new connection");
         if (t.s.dialled() != 2) return;
         t.s.app(1).send(ok("", "its own"));
         t.see(t.answered(), {content("its own")}, "the next response");
       })},
      {"9110 15.5.9", Level::may, "A 408 that an app sends as it closes an idle connection is nobody's response.",
       told([](Talk& t) {
         t.c.send(get());
         t.s.app().send(ok());
         t.answered();
         t.s.app().send(response("408 Request Timeout", "Connection: close\r\nContent-Length: 0\r\n")).close();
         t.check(t.c.received().empty() && t.c.open(), "the idle client heard of it");
         t.c.send(get("", "/2"));
         t.s.app(t.s.dialled() - 1).send(ok("", "its own"));
         t.see(t.answered(), {status(200), content("its own")}, "the next response");
       })},
      {"9112 9.2", Level::must_not, "A response sent before its request is no response to it.", told([](Talk& t) {
         t.c.send(get());
         t.s.app().send(ok());
         t.answered();
         t.s.app().link().to_proxy = ok("", "too early");  // arrived, not read yet
         t.c.send(get("", "/2"));
         const std::size_t last = t.s.dialled() - 1;
         if (last == 0) return t.check(false, "the request went to the connection that spoke unasked");
         t.s.app(last).send(ok("", "its own"));
         t.see(t.answered(), {content("its own")}, "the next response");
       })},
  };
}

}  // namespace

Rows response_framing() { return of_responses(joined({lengths(), codings(), behind()})); }

TEST_CASE("conformance: response framing") { check_rows(response_framing()); }

}  // namespace holdfast::conformance
