// A channel without its writer thread: holding, dropping and the reserve, with time passed in by hand.
#include "telemetry/line_blocks.h"

#include <doctest/doctest.h>

#include <cstring>
#include <set>
#include <string>

using namespace holdfast;
using namespace holdfast::telemetry;

namespace {

struct CountWakes final : WriterWake {
  int wakes = 0;
  void wake() noexcept override { ++wakes; }
};

constexpr TimePoint start{std::chrono::seconds(1000)};

bool put(LogChannel& channel, std::string_view line, Level level = Level::info, TimePoint now = start) {
  char* room = channel.begin(level, line.size());
  if (room == nullptr) return false;
  std::memcpy(room, line.data(), line.size());
  channel.commit(room + line.size(), now);
  return true;
}

const std::string line_of_40 = std::string(39, 'x') + "\n";

}  // namespace

TEST_CASE("log: lines wait in their block for 100 ms after the first, and not longer") {
  using std::chrono::milliseconds;
  CountWakes wake;
  LogChannel channel({.block_size = 1000, .blocks = 4}, wake);
  CHECK_FALSE(channel.due().has_value());
  REQUIRE(put(channel, "one\n"));
  REQUIRE(put(channel, "two\n", Level::info, start + milliseconds(90)));
  CHECK(channel.due() == start + milliseconds(100));
  channel.flush_if_due(start + milliseconds(99));
  CHECK_FALSE(channel.take().has_value());
  channel.flush_if_due(start + milliseconds(100));
  CHECK(wake.wakes == 1);
  const auto filled = channel.take();
  REQUIRE(filled.has_value());
  if (filled.has_value()) CHECK(filled->lines == "one\ntwo\n");
  CHECK_FALSE(channel.due().has_value());
  channel.flush();
  CHECK(wake.wakes == 1);
}

TEST_CASE("log: a full block is handed over at once, in order") {
  CountWakes wake;
  LogChannel channel({.block_size = 100, .blocks = 4}, wake);
  for (int i = 0; i < 3; ++i) REQUIRE(put(channel, line_of_40));
  CHECK(wake.wakes == 1);
  const auto filled = channel.take();
  REQUIRE(filled.has_value());
  if (filled.has_value()) CHECK(filled->lines == line_of_40 + line_of_40);
}

TEST_CASE("log: the block that came back last is filled next, so that a quiet channel touches little memory") {
  CountWakes wake;
  LogChannel channel({.block_size = 100, .blocks = 16}, wake);
  std::set<const char*> touched;
  for (int i = 0; i < 50; ++i) {
    REQUIRE(put(channel, line_of_40));
    channel.flush();
    const auto filled = channel.take();
    REQUIRE(filled.has_value());
    if (!filled.has_value()) continue;
    touched.insert(filled->lines.data());
    channel.give_back(filled->block);
  }
  CHECK(touched.size() == 1);
}

TEST_CASE("log: without a free block lines are dropped and counted, and the last block takes warnings only") {
  CountWakes wake;
  LogChannel channel({.block_size = 100, .blocks = 3}, wake);
  int accepted = 0;
  for (int i = 0; i < 20; ++i) accepted += put(channel, line_of_40) ? 1 : 0;
  CHECK(accepted == 4);  // two blocks of two lines
  CHECK(channel.dropped(LineDrop::no_block) == 16);

  CHECK(put(channel, "w1\n", Level::warn));
  CHECK_FALSE(put(channel, "i\n", Level::info));  // also while the reserved block has room
  CHECK(put(channel, line_of_40, Level::error));
  CHECK(put(channel, line_of_40, Level::error));
  CHECK_FALSE(put(channel, line_of_40, Level::error));
  CHECK(channel.dropped(LineDrop::no_block) == 18);

  SUBCASE("and when blocks come back, everything is taken again") {
    for (auto filled = channel.take(); filled.has_value(); filled = channel.take()) channel.give_back(filled->block);
    CHECK(put(channel, "i\n"));
    CHECK(channel.dropped(LineDrop::no_block) == 18);
  }
}

TEST_CASE("log: a line that fits no block is dropped by itself") {
  CountWakes wake;
  LogChannel channel({.block_size = 100, .blocks = 2}, wake);
  CHECK(channel.begin(Level::error, 101) == nullptr);
  CHECK(channel.dropped(LineDrop::too_long) == 1);
  CHECK(put(channel, "next\n", Level::error));
}

TEST_CASE("log: room that was not committed is used again") {
  CountWakes wake;
  LogChannel channel({.block_size = 100, .blocks = 3}, wake);
  CHECK(channel.begin(Level::info, 50) != nullptr);
  REQUIRE(put(channel, "a\n"));
  CHECK(channel.current_lines() == "a\n");
}
