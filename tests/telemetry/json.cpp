// What JsonLine must hold: whatever the values are, one well-formed line, and nothing of a value outside its quotes.
#include "telemetry/json.h"

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <random>
#include <string>

#include "json_reader.h"
#include "telemetry/time_text.h"

using namespace holdfast;
using namespace holdfast::telemetry;

namespace {

// A line with one text, in memory of exactly the given size, so that the sanitizer sees any byte too many.
std::string line_of(std::string_view value, std::size_t room = 4096) {
  const auto memory = std::make_unique<char[]>(room);
  const std::string exact(value);
  JsonLine line(memory.get(), room);
  const char* end = line.text("v", exact).finish();
  REQUIRE(static_cast<std::size_t>(end - memory.get()) <= room);
  return {memory.get(), static_cast<std::size_t>(end - memory.get())};
}

struct Escape {
  std::string_view value;
  std::string_view written;
};

}  // namespace

TEST_CASE("log lines: every byte that could end a text, a line or a terminal's patience is escaped") {
  const std::array table{
      Escape{"", ""},
      Escape{"plain", "plain"},
      Escape{"say \"hi\"", "say \\\"hi\\\""},
      Escape{"back\\slash", "back\\\\slash"},
      Escape{"a\nb\rc\td", "a\\nb\\rc\\td"},
      Escape{std::string_view("nul\0x", 5), "nul\\u0000x"},
      Escape{"\x1b[31m", "\\u001b[31m"},
      Escape{"\x1f", "\\u001f"},
      Escape{"del\x7f", "del\x7f"},
      Escape{"grüße €", "grüße €"},
      Escape{"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
      Escape{"next line\xC2\x85", "next line\\u0085"},
      Escape{"csi\xC2\x9B", "csi\\u009b"},
      Escape{"nbsp\xC2\xA0", "nbsp\xC2\xA0"},
      Escape{"\xE2\x80\xA8\xE2\x80\xA9", "\\u2028\\u2029"},
      Escape{"a quote behind sixteen plain bytes\"", "a quote behind sixteen plain bytes\\\""},
      Escape{"\"16 bytes exactly", "\\\"16 bytes exactly"},
  };
  for (const Escape& row : table) {
    CAPTURE(row.value);
    CHECK(line_of(row.value) == "{\"v\":\"" + std::string(row.written) + "\"}\n");
  }
}

TEST_CASE("log lines: bytes that are no UTF-8 become U+FFFD, one for each") {
  const std::string bad = "\xEF\xBF\xBD";
  const std::array table{
      Escape{"\xFF", "1"},
      Escape{"\x80", "1"},
      Escape{"\xC3", "1"},              // cut
      Escape{"\xC0\xAF", "2"},          // overlong /
      Escape{"\xE0\x80\xAF", "3"},      // overlong
      Escape{"\xED\xA0\x80", "3"},      // a surrogate
      Escape{"\xF4\x90\x80\x80", "4"},  // beyond U+10FFFF
      Escape{"\xF5\x80\x80\x80", "4"},
      Escape{"\xE2\x82", "2"},      // cut
      Escape{"\xF0\x9F\x98", "3"},  // cut
  };
  for (const Escape& row : table) {
    std::string expected;
    for (char n = '0'; n < row.written[0]; ++n) expected += bad;
    CHECK(line_of(row.value) == "{\"v\":\"" + expected + "\"}\n");
    CHECK(line_of(std::string(row.value) + "\"x") == "{\"v\":\"" + expected + "\\\"x\"}\n");
  }
}

TEST_CASE("log lines: one special byte at any place of a text of any size is found") {
  for (std::size_t size = 1; size <= 70; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string value(size, 'a');
      value[at] = '"';
      std::string expected = value;
      expected.insert(at, "\\");
      REQUIRE(line_of(value) == "{\"v\":\"" + expected + "\"}\n");
    }
  }
}

TEST_CASE("log lines: a long text is written as its characters are one by one, however many of them are special") {
  std::mt19937 random(7);
  const std::array<std::string, 8> specials{"\"", "\\", "\n", "\x01", "…", "ü", "\u2028", "\xFF"};
  const auto inner = [](const std::string& line) { return line.substr(6, line.size() - 9); };
  for (std::uint32_t every : {1U, 2U, 5U, 20U, 60U}) {
    for (int round = 0; round < 100; ++round) {
      std::string value;
      std::string expected;
      for (std::size_t n = random() % 200; n > 0; --n) {
        const std::string one = random() % every == 0 ? specials[random() % specials.size()] : std::string(1, 'p');
        value += one;
        expected += inner(line_of(one));
      }
      REQUIRE(inner(line_of(value)) == expected);
    }
  }
}

TEST_CASE("log lines: a text of which all fits but the last character is cut before that one") {
  for (std::size_t size = 200; size < 260; ++size) {
    const std::string value = std::string(size, 'x') + "€\"";
    const std::string line = line_of(value, 256);
    CAPTURE(size);
    CHECK(JsonReader::is_line(line));
    const std::string shown = line.substr(6, line.size() - 9);
    const bool whole = shown == std::string(size, 'x') + "€\\\"";
    const bool cut_text =
        shown.ends_with("…") && std::string(size, 'x').append("€").starts_with(shown.substr(0, shown.size() - 3));
    CHECK((whole || cut_text));
    CHECK((whole || shown.size() > 225));
  }
}

TEST_CASE("log lines: a peer cannot forge a member or a line") {
  const std::string attack = "x\",\"status\":200}\n{\"ts\":\"2026-01-01T00:00:00.000000Z\",\"level\":\"info\"}";
  const std::string line = line_of(attack);
  CHECK(line.find('\n') == line.size() - 1);
  CHECK(JsonReader::is_line(line));
  CHECK(line.find("\"status\"") == std::string::npos);
}

TEST_CASE("log lines: random bytes in any room give a well-formed line within that room") {
  std::mt19937 random(20261122);
  for (int round = 0; round < 4000; ++round) {
    std::string value(random() % 300, ' ');
    for (char& c : value) c = static_cast<char>(random());
    const std::size_t room = JsonLine::room_min + random() % 400;
    const auto memory = std::make_unique<char[]>(room);
    JsonLine line(memory.get(), room);
    line.text("first", value)
        .number("n", 7U)
        .object("in")
        .text(std::string_view(value), value)
        .boolean("b", true)
        .end();
    const char* end = line.text("last", value).milliseconds("ms", Duration{1}).finish();
    const std::string_view text(memory.get(), static_cast<std::size_t>(end - memory.get()));
    REQUIRE(text.size() <= room);
    REQUIRE(JsonReader::is_line(text));
  }
}

TEST_CASE("log lines: what does not fit is cut at a character and marked, and the line still closes") {
  const std::string line = line_of(std::string(1000, 'x'), 256);
  CHECK(JsonReader::is_line(line));
  CHECK(line.size() <= 256);
  CHECK(line.find("x…\"}") != std::string::npos);

  std::array<char, 256> room{};
  JsonLine tight(room.data(), room.size());
  tight.text("a", std::string(300, 'y')).object("ms").number("total", 1U).end().number("status", 200U);
  const char* end = tight.finish();
  CHECK(JsonReader::is_line({room.data(), static_cast<std::size_t>(end - room.data())}));
}

TEST_CASE("log lines: members come out as they were put, objects nested") {
  std::array<char, 1024> room{};
  TimeText time;
  const WallTime at{std::chrono::microseconds{1'795'327'363'123'456}};
  JsonLine line(room.data(), room.size(), time.of(at), Level::warn, "request");
  line.text("path", "/a?b").number("status", 503U).boolean("truncated", false).null("cause").object("ms");
  line.milliseconds("total", Duration{1'204'999})
      .milliseconds("queue", Duration{-5})
      .end()
      .object("conn")
      .end()
      .word("client", "::1");
  const char* end = line.finish();
  CHECK(std::string_view(room.data(), static_cast<std::size_t>(end - room.data())) ==
        "{\"ts\":\"2026-11-22T06:02:43.123456Z\",\"level\":\"warn\",\"msg\":\"request\",\"path\":\"/"
        "a?b\",\"status\":503,\"truncated\":false,"
        "\"cause\":null,\"ms\":{\"total\":1.204,\"queue\":0.000},\"conn\":{},\"client\":\"::1\"}\n");
}

TEST_CASE("log lines: the time stamp is right on both sides of a second, a leap day and the epoch") {
  TimeText time;
  const auto text_at = [&time](std::int64_t us) {
    return std::string(time.of(WallTime{std::chrono::microseconds{us}}));
  };
  CHECK(text_at(0) == "1970-01-01T00:00:00.000000Z");
  CHECK(text_at(-1) == "1970-01-01T00:00:00.000000Z");
  CHECK(text_at(1'709'164'799'999'999) == "2024-02-28T23:59:59.999999Z");
  CHECK(text_at(1'709'164'800'000'000) == "2024-02-29T00:00:00.000000Z");
  CHECK(text_at(1'709'164'799'000'001) == "2024-02-28T23:59:59.000001Z");  // the clock was set back
}
