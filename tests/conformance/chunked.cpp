// chunked: RFC 9112 7.1 in both directions.
#include "tables.h"

namespace holdfast::conformance {
namespace {

using namespace std::string_literals;

constexpr std::string_view end = "0\r\n\r\n";

struct Good {
  std::string sentence;
  std::string chunks;
  std::string content;
};

// What both sides must understand, whoever sends it.
std::vector<Good> good() {
  return {
      {"Chunks are put together.", "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello"},
      {"A size is hexadecimal, in lower case.", "a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"A size is hexadecimal, in upper case.", "A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"A size may have leading zeros.", "0005\r\nhello\r\n0\r\n\r\n", "hello"},
      {"The last chunk may have more than one zero.", "5\r\nhello\r\n000\r\n\r\n", "hello"},
      {"Content may be empty.", "0\r\n\r\n", ""},
      {"Line ends and sizes inside of a chunk are content.", "9\r\n\r\n0\r\n\r\nZZ\r\n0\r\n\r\n", "\r\n0\r\n\r\nZZ"},
      {"NUL inside of a chunk is content.", "3\r\na\0b\r\n0\r\n\r\n"s, "a\0b"s},
      {"Extensions that are not known are ignored: a name.", "5;part\r\nhello\r\n0\r\n\r\n", "hello"},
      {"Extensions that are not known are ignored: a name and a value.", "5;a=b;c=d\r\nhello\r\n0;e=f\r\n\r\n",
       "hello"},
      {"Extensions that are not known are ignored: a quoted value.", "5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n", "hello"},
      {"Extensions may have white space in front.", "5 ;a=b\r\nhello\r\n0\r\n\r\n", "hello"},
      {"A hundred chunks of one byte are one content.",
       [] {
         std::string chunks;
         for (int i = 0; i < 100; ++i) chunks += "1\r\nx\r\n";
         return chunks + std::string(end);
       }(),
       std::string(100, 'x')},
  };
}

struct Bad {
  std::string sentence;
  std::string chunks;
  Level level = Level::should;  // of a request; a response like it has to be seen as incomplete
};

// What neither side may guess at.
std::vector<Bad> bad() {
  return {
      {"A chunk without a size is no chunk.", "\r\nhello\r\n0\r\n\r\n"},
      {"An extension without a size is no chunk.", ";a=b\r\nhello\r\n0\r\n\r\n"},
      {"A size has hexadecimal digits only.", "5g\r\nhello\r\n0\r\n\r\n"},
      {"A size has no prefix.", "0x5\r\nhello\r\n0\r\n\r\n"},
      {"A size has no plus sign.", "+5\r\nhello\r\n0\r\n\r\n"},
      {"A size is not negative.", "-5\r\nhello\r\n0\r\n\r\n"},
      {"A size has no white space in front.", " 5\r\nhello\r\n0\r\n\r\n"},
      {"A size has no white space between digits.", "5 5\r\nhello\r\n0\r\n\r\n"},
      {"A size has no underscore.", "0_5\r\nhello\r\n0\r\n\r\n"},
      {"A size that wraps around 64 bits is not taken for a small one.", "10000000000000005\r\nhello\r\n0\r\n\r\n",
       Level::must},
      {"A size of 2^63 is refused.", "8000000000000000\r\nhello\r\n0\r\n\r\n", Level::must},
      {"A lone LF does not end a size.", "5\nhello\r\n0\r\n\r\n"},
      {"A lone CR does not end a size.", "5\rhello\r\n0\r\n\r\n", Level::must},
      {"Data is no longer than its size.", "5\r\nhello!\r\n0\r\n\r\n"},
      {"Data is no shorter than its size.", "6\r\nhello\r\n0\r\n\r\n"},
      {"A lone LF does not end data.", "5\r\nhello\n0\r\n\r\n"},
      {"A lone CR does not end data.", "5\r\nhello\r0\r\n\r\n", Level::must},
      {"Two bytes that are no line end do not end data.", "5\r\nhelloXX0\r\n\r\n"},
      {"A lone LF does not end an extension.", "5;a=b\nhello\r\n0\r\n\r\n"},
      {"A lone CR in an extension is refused.", "5;a\rb\r\nhello\r\n0\r\n\r\n", Level::must},
      {"NUL in an extension is refused.", "5;a=\0\r\nhello\r\n0\r\n\r\n"s, Level::must},
      {"An extension of 5,000 bytes is more than any use.", "5;" + std::string(5'000, 'a') + "\r\nhello\r\n0\r\n\r\n"},
      {"A lone LF does not end the last chunk.", "5\r\nhello\r\n0\n\r\n"},
      {"Behind the last chunk there is a line end, not a lone LF.", "5\r\nhello\r\n0\r\n\n"},
      {"Behind the last chunk there is a line end, not CR and anything.", "5\r\nhello\r\n0\r\n\rX\r\n"},
  };
}

std::string many_extensions() {
  std::string chunks;
  for (int i = 0; i < 40; ++i) chunks += "1;" + std::string(2'000, 'a') + "\r\nx\r\n";
  return chunks + std::string(end);
}

}  // namespace

Rows chunked_requests() {
  Rows rows;
  for (const Good& one : good()) {
    const auto section = one.sentence.starts_with("Extensions") ? "9112 7.1.1" : "9112 7.1";
    rows.push_back({section, Level::must, "Request: " + one.sentence,
                    forwarded(chunked_post(one.chunks), {chunked(one.content)})});
  }
  for (const Bad& one : bad()) {
    rows.push_back({"9112 7.1", one.level, "Request: " + one.sentence, aborted(chunked_post(one.chunks))});
  }
  rows.push_back({"9112 7.1.1", Level::should, "The extensions of a request are bounded in total.",
                  aborted(chunked_post(many_extensions()))});
  rows.push_back(
      {"9112 7.1.1", Level::must_not, "Extensions are of one connection and are not forwarded.", told([](Talk& t) {
         t.c.send(chunked_post("5;secret=1\r\nhello\r\n0\r\n\r\n"));
         t.check(!testing::contains(t.s.app().received(), "secret"), "an extension at the app");
         t.s.app().send(chunked_ok("5;hidden=1\r\nhello\r\n0;hidden\r\n\r\n"));
         t.check(!testing::contains(t.c.received(), "hidden"), "an extension at the client");
       })});
  return rows;
}

Rows chunked_responses() {
  Rows rows;
  for (const Good& one : good()) {
    const auto section = one.sentence.starts_with("Extensions") ? "9112 7.1.1" : "9112 7.1";
    rows.push_back({section, Level::must, "Response: " + one.sentence,
                    answered(chunked_ok(one.chunks), {chunked(one.content)}, Fate::kept)});
  }
  for (const Bad& one : bad()) {
    rows.push_back({"9112 7.1", Level::must, "Response: " + one.sentence,
                    Exchanged{.request = get(),
                              .answer = chunked_ok(one.chunks),
                              .at_client = {status(200)},
                              .reason = "app_bad_response",
                              .client = Fate::cut,
                              .app = Fate::closed}});
  }
  rows.push_back({"9112 7.1.1", Level::should, "The extensions of a response are bounded in total.",
                  Exchanged{.request = get(),
                            .answer = chunked_ok(many_extensions()),
                            .reason = "app_bad_response",
                            .client = Fate::cut}});
  return rows;
}

TEST_CASE("conformance: chunked requests") { check_rows(chunked_requests()); }
TEST_CASE("conformance: chunked responses") { check_rows(chunked_responses()); }

}  // namespace holdfast::conformance
