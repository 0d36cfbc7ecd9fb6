// What the content decoder makes of a message's content, whatever the pieces it comes in.
#include "http/content_decoder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

#include "http/parsing.h"

namespace holdfast::http {
namespace {

using namespace std::string_literals;

struct Decoded {
  std::string content;
  std::string trailers;
  std::string rule;
  std::uint64_t at = 0;
  bool end = false;
  std::size_t consumed = 0;
  friend bool operator==(const Decoded&, const Decoded&) = default;
};

template <class Pieces>
Decoded decode_pieces(std::string_view input, Framing framing, std::uint64_t length, Pieces pieces) {
  ContentDecoder decoder;
  decoder.start(framing, length, ContentDecoder::Side::request);
  Decoded d;
  while (d.consumed < input.size() && !d.end && d.rule.empty()) {
    const std::size_t size = std::min(input.size() - d.consumed, pieces());
    const auto piece = std::make_unique<char[]>(size);
    input.substr(d.consumed, size).copy(piece.get(), size);
    const ContentDecoder::Step step = decoder.decode(piece.get(), size);
    d.content += step.content;
    d.consumed += step.failed ? 0 : step.consumed;
    d.end = step.end;
    CHECK(step.end == decoder.done());
    if (step.failed) d.rule = decoder.error().detail;
    if (step.failed) d.at = decoder.error().value;
    if (step.failed) break;
    if (!step.end) CHECK(step.consumed == size);
  }
  if (!d.rule.empty()) d.consumed = 0;  // says where the piece began
  d.trailers = decoder.trailers();
  return d;
}

Decoded decode(std::string_view input, Framing framing = Framing::chunked, std::uint64_t length = 0) {
  const Decoded whole = decode_pieces(input, framing, length, [&] { return input.size(); });
  INFO("input: ", std::string(input.substr(0, 80)));
  CHECK(decode_pieces(input, framing, length, [] { return std::size_t{1}; }) == whole);
  for (std::uint64_t seed = 0; seed < 8; ++seed) CHECK(decode_pieces(input, framing, length, Pieces(seed)) == whole);
  return whole;
}

void refuses(std::string_view input, std::string_view rule) {
  const Decoded d = decode(input);
  INFO("input: ", std::string(input.substr(0, 80)));
  CHECK_FALSE(d.end);
  CHECK(d.rule == rule);
}

}  // namespace

TEST_CASE("chunked content is one run per call, and what follows the message is left alone") {
  const Decoded d =
      decode("5\r\nhello\r\nA;x=\"y;z\"\r\n0123456789\r\n0000000000000003 ; a\r\nend\r\n000;z\r\n\r\nGET /");
  CHECK(d.end);
  CHECK(d.content == "hello0123456789end");
  CHECK(d.consumed ==
        "5\r\nhello\r\nA;x=\"y;z\"\r\n0123456789\r\n0000000000000003 ; a\r\nend\r\n000;z\r\n\r\n"s.size());
  CHECK(decode("0\r\n\r\n").end);
  CHECK(decode("2\r\n\r\n\r\n0\r\n\r\n").content == "\r\n");

  ContentDecoder decoder;
  decoder.start(Framing::chunked, 0, ContentDecoder::Side::request);
  std::string input = "3\r\nabc\r\n2\r\nde\r\n";
  const ContentDecoder::Step step = decoder.decode(input.data(), input.size());
  CHECK(step.content == "abcde");
  CHECK(step.content.data() == input.data() + 3);
}

TEST_CASE("chunk sizes are hexadecimal digits and nothing else") {
  for (const char* bad : {"0x5\r\n", "5g\r\n", "0_2e\r\n", "5x\r\n", "5\"\r\n"})
    refuses(bad, "character in a chunk size");
  for (const char* bad : {"+5\r\n", "-5\r\n", " 5\r\n", ";a\r\n", "g\r\n"}) refuses(bad, "chunk without a size");
  refuses("\r\n", "bare CR in chunked content");
  refuses("5 \r\nhello", "bare CR in chunked content");
  refuses("5 x\r\nhello", "character in a chunk extension");
  for (const char* bad :
       {"10000000000000005\r\n", "00000000000000005\r\n", "FFFFFFFFFFFFFFFF\r\n", "8000000000000000\r\n"})
    refuses(bad, "chunk size too large");
  CHECK(decode("7fffffffffffffff\r\nx").content == "x");
  CHECK(decode("100000005\r\nhello\r\n0\r\n\r\n").content == "hello\r\n0\r\n\r\n");
}

TEST_CASE("chunk lines end in CR LF") {
  refuses("5\nhello\r\n0\r\n\r\n", "bare LF in chunked content");
  refuses("5\rhello\r\n", "bare CR in chunked content");
  refuses("5\r\nhello\n0\r\n\r\n", "bare LF in chunked content");
  refuses("5\r\nhello0\r\n\r\n", "chunk without its line end");
  refuses("5\r\nhelloXX0\r\n\r\n", "chunk without its line end");
  refuses("5\r\nhello\rX0\r\n\r\n", "chunk without its line end");
  refuses("5\r\nhello\r\n0\n\r\n", "bare LF in chunked content");
  refuses("5\r\nhello\r\n0\r\n\n", "bare LF in the trailers");
  refuses("0\r\n\rXGET /smuggled HTTP/1.1\r\n", "trailer line without a colon");
  refuses("2\r\r;a\r\n02\r\n41\r\n0\r\n\r\n", "bare CR in chunked content");
}

TEST_CASE("chunk extensions are checked for controls, bounded and left out") {
  refuses("5;a\0b\r\n"s, "control character in a chunk extension");
  refuses("5;a=\x01\r\n", "control character in a chunk extension");
  refuses("5;a\x7f\r\n", "control character in a chunk extension");
  refuses("2;\nxx\r\n", "bare LF in chunked content");
  refuses("5;a\rb\r\n", "bare CR in chunked content");
  CHECK(decode("1;" + std::string(4095, 'e') + "\r\nx\r\n0\r\n\r\n").end);
  refuses("1;" + std::string(4096, 'e') + "\r\nx\r\n0\r\n\r\n", "chunk extensions too large");
  std::string many;
  for (int i = 0; i < 17; ++i) many += "1;" + std::string(4000, 'e') + "\r\nx\r\n";
  refuses(many, "chunk extensions too large");
}

TEST_CASE("chunk extensions are a name, or a name and a token or quoted string, with white space where it may be") {
  for (const char* good :
       {"5;a", "5;a=b", "5;a;b=c;d", "5 ;\t a \t= b ; c", "5;a=\"b;c=\\\"\\\\ \t\xe9\"", "5;a=\"\";b", "5;a=\"b\" ;c"})
    CHECK(decode(good + "\r\nhello\r\n0\r\n\r\n"s).content == "hello");
  for (const char* bad : {"5;;a", "5;=b", "5;a=;b", "5;a b", "5;a=b c", "5;a==b", "5;a=b\"", "5;a=\"b\"c", "5;a(b",
                          "5;a=\xe9", "5;\"a\"", "5;a,b"})
    refuses(bad + "\r\nhello\r\n0\r\n\r\n"s, "character in a chunk extension");
  for (const char* cut : {"5;", "5;a=", "5;a ", "5;a=b ", "5;a=\"b", "5;a=\"b\\", "5;a=\"b\" "})
    refuses(cut + "\r\nhello\r\n0\r\n\r\n"s, "bare CR in chunked content");
}

TEST_CASE("trailers are fields, kept as they came; a line that is not complete or not good is none") {
  const Decoded d = decode("0\r\nX-T: 1\r\nx-checksum:a\t\r\n\r\nX-Next: 2\r\n");
  CHECK(d.end);
  CHECK(d.trailers == "X-T: 1\r\nx-checksum:a\t\r\n");
  CHECK(decode("0\r\nX: y\r\nX-Cut: 2").trailers == "X: y\r\n");
  CHECK(decode("0\r\nX: y\r\nBad Trailer\r\n").trailers == "X: y\r\n");
  CHECK(decode("0\r\nX:GET /smuggled HTTP/1.1\r\n\r\n").trailers == "X:GET /smuggled HTTP/1.1\r\n");
  refuses("0\r\nBad Trailer\r\n\r\n", "trailer line without a colon");
  refuses("0\r\nBad Trailer: x\r\n\r\n", "white space before the colon in the trailers");
  refuses("0\r\n X: y\r\n\r\n", "white space before the colon in the trailers");
  refuses("0\r\n: y\r\n\r\n", "empty field name in the trailers");
  refuses("0\r\nX: y\n\r\n", "bare LF in the trailers");
  refuses("0\r\nX: y\rz\r\n\r\n", "bare CR in the trailers");
  refuses("0\r\nX: y\0\r\n\r\n"s, "control character in the trailers");
  refuses("0\r\nX\xe9: y\r\n\r\n", "character in a field name in the trailers");
  refuses("0\r\nX: " + std::string(16384, 'v') + "\r\n\r\n", "trailers too large");
}

TEST_CASE("content of a known length ends there, content until close only with the connection") {
  const Decoded d = decode("helloGET /", Framing::length, 5);
  CHECK(d.end);
  CHECK(d.content == "hello");
  CHECK(d.consumed == 5);
  CHECK_FALSE(decode("hel", Framing::length, 5).end);
  CHECK(decode("anything", Framing::until_close).content == "anything");

  ContentDecoder decoder;
  decoder.start(Framing::until_close, 0, ContentDecoder::Side::response);
  CHECK(decoder.complete_at_eof());
  decoder.start(Framing::length, 5, ContentDecoder::Side::response);
  CHECK_FALSE(decoder.complete_at_eof());
  CHECK(decoder.remaining() == 5);
  decoder.start(Framing::none, 0, ContentDecoder::Side::response);
  CHECK(decoder.done());
  CHECK(decoder.decode(nullptr, 0).end);
}

TEST_CASE("a fault is the row of its side, with the offset in the content, and stays") {
  ContentDecoder decoder;
  decoder.start(Framing::chunked, 0, ContentDecoder::Side::response);
  std::string good = "5\r\nhello\r\n";
  CHECK_FALSE(decoder.decode(good.data(), good.size()).failed);
  std::string bad = "zz";
  CHECK(decoder.decode(bad.data(), bad.size()).failed);
  CHECK(decoder.error().reason == Reason::upstream_bad_response);
  CHECK(decoder.error().value == 10);
  CHECK(decoder.decode(good.data(), good.size()).failed);
  CHECK_FALSE(decoder.complete_at_eof());
}

}  // namespace holdfast::http
