// Units in their text form: what is read is what is printed, and nothing but the whole text counts.
#include "core/units.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace holdfast {
using namespace holdfast::literals;
using namespace std::chrono_literals;

TEST_CASE("units: a duration is what GEP-2257 allows") {
  struct Row {
    std::string_view text;
    Duration is;
  };
  constexpr std::array rows{Row{"0s", 0s},
                            Row{"0ms", 0s},
                            Row{"1ms", 1ms},
                            Row{"1s", 1s},
                            Row{"1m", 60s},
                            Row{"1h", 3600s},
                            Row{"1m30s", 90s},
                            Row{"1h2m3s4ms", 3'723'004ms},
                            Row{"10s500ms", 10'500ms},
                            Row{"30s1m", 90s},
                            Row{"1s1s", 2s},
                            Row{"99999h", 99'999h},
                            Row{"00001s", 1s},
                            Row{"99999h99999h99999h99999h", 4 * 99'999h}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(parse_duration(row.text) == row.is);
  }
}

TEST_CASE("units: nothing else is a duration") {
  constexpr std::array<std::string_view, 22> bad{"",     "s",    "1",    "1S",      "1sec", "1.5s",      "-1s", "+1s",
                                                 " 1s",  "1s ",  "1 s",  "100000s", "1us",  "1d",        "ms",  "1m s",
                                                 "1s,5", "1h\n", "0x1s", "1s1",     "1m2",  "1h1h1h1h1h"};
  for (const std::string_view text : bad) {
    CAPTURE(text);
    CHECK(!parse_duration(text).has_value());
  }
  CHECK(!parse_duration(std::string_view("1s\0", 3)).has_value());
}

TEST_CASE("units: a duration is printed in its largest units and read back the same") {
  CHECK(to_text(Duration(0)) == "0s");
  CHECK(to_text(Duration(999us)) == "0s");  // whole milliseconds
  CHECK(to_text(Duration(90s)) == "1m30s");
  CHECK(to_text(Duration(3'723'004ms)) == "1h2m3s4ms");
  CHECK(to_text(Duration(24h)) == "24h");
  for (const Duration d : {Duration(1ms), Duration(999ms), Duration(1s), Duration(59'999ms), Duration(60s),
                           Duration(3600s), Duration(99'999h), Duration(3'661'001ms)}) {
    CHECK(parse_duration(to_text(d)) == d);
  }
}

TEST_CASE("units: a size has one binary unit, and does not overflow") {
  CHECK(parse_byte_count("0B") == 0_B);
  CHECK(parse_byte_count("512B") == 512_B);
  CHECK(parse_byte_count("64KiB") == 64_KiB);
  CHECK(parse_byte_count("1MiB") == 1_MiB);
  CHECK(parse_byte_count("2GiB") == 2_GiB);
  CHECK(parse_byte_count("999999999999B") == 999'999'999'999_B);
  CHECK(parse_byte_count("4294967296GiB") == 4'294'967'296_GiB);  // 2^62
  constexpr std::array<std::string_view, 15> bad{"",      "5",      "KiB",   "1KB",           "1kib",
                                                 "1K",    "1 KiB",  "1KiB ", "1.5KiB",        "-1B",
                                                 "1KiBB", "1KiB1B", "0x1B",  "4294967297GiB", "1000000000000B"};
  for (const std::string_view text : bad) {
    CAPTURE(text);
    CHECK(!parse_byte_count(text).has_value());
  }
}

TEST_CASE("units: a size is printed in the largest unit that divides it") {
  CHECK(to_text(0_B) == "0B");
  CHECK(to_text(1023_B) == "1023B");
  CHECK(to_text(1024_B) == "1KiB");
  CHECK(to_text(1536_B) == "1536B");
  CHECK(to_text(1536_KiB) == "1536KiB");
  CHECK(to_text(2048_MiB) == "2GiB");
  for (const ByteCount size : {0_B, 1_B, 4096_B, 10_MiB, 1025_MiB, 7_GiB})
    CHECK(parse_byte_count(to_text(size)) == size);
}

TEST_CASE("units: a rate keeps three places exactly") {
  struct Row {
    std::string_view text;
    std::uint64_t milli;
  };
  constexpr std::array rows{Row{"50/s", 50'000},
                            Row{"0.5/s", 500},
                            Row{"0.001/s", 1},
                            Row{"0/s", 0},
                            Row{"1.25/s", 1'250},
                            Row{"10.050/s", 10'050},
                            Row{"999999999/s", 999'999'999'000}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(parse_rate(row.text) == Rate{row.milli});
  }
  constexpr std::array<std::string_view, 11> bad{"",     "50",   "/s",   "50/m",     "50/sec",      "1./s",
                                                 ".5/s", "-1/s", "1 /s", "1.2345/s", "1000000000/s"};
  for (const std::string_view text : bad) {
    CAPTURE(text);
    CHECK(!parse_rate(text).has_value());
  }
  CHECK(to_text(Rate{500}) == "0.5/s");
  CHECK(to_text(Rate{50'000}) == "50/s");
  CHECK(to_text(Rate{10'050}) == "10.05/s");
  CHECK(to_text(Rate{1}) == "0.001/s");
}

TEST_CASE("units: a share goes to 100 %, in steps of a millionth") {
  CHECK(parse_share("0%") == Share{0});
  CHECK(parse_share("1%") == Share{10'000});
  CHECK(parse_share("0.01%") == Share{100});
  CHECK(parse_share("0.0001%") == Share{1});
  CHECK(parse_share("100%") == Share{1'000'000});
  constexpr std::array<std::string_view, 8> bad{"", "%", "1", "100.0001%", "101%", "0.00001%", "-1%", "1 %"};
  for (const std::string_view text : bad) {
    CAPTURE(text);
    CHECK(!parse_share(text).has_value());
  }
  CHECK(to_text(Share{100}) == "0.01%");
  CHECK(to_text(Share{1'000'000}) == "100%");
  CHECK(to_text(Share{12'345}) == "1.2345%");
}

TEST_CASE("units: a count is decimal digits only, up to 18 of them") {
  CHECK(parse_count("0") == 0);
  CHECK(parse_count("007") == 7);
  CHECK(parse_count("999999999999999999") == 999'999'999'999'999'999U);
  for (const std::string_view text : {"", "-1", "+1", "1 ", "1.0", "1e3", "0x10", "1000000000000000000"}) {
    CAPTURE(text);
    CHECK(!parse_count(text).has_value());
  }
}

}  // namespace holdfast
