// The writer thread against real descriptors: a reader that sleeps, one that leaves, and the last words of a crash.
#include "telemetry/log_writer.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <memory>
#include <string>
#include <thread>

#include "json_reader.h"
#include "sinks.h"
#include "telemetry/json.h"

using namespace holdfast;
using namespace holdfast::telemetry;

namespace {

const std::string line_of_100 = "{\"line\":\"" + std::string(88, 'x') + "\"}\n";

LogOptions small(int sink, std::size_t producers = 1) {
  LogOptions options;
  options.sink = sink;
  options.producers = producers;
  options.channel = {.block_size = 8192, .blocks = 4};
  options.stop_within = std::chrono::milliseconds(50);
  return options;
}

// Lines until one is dropped; how many were tried.
std::uint64_t fill(LogChannel& channel) {
  std::uint64_t tried = 1;
  while (put_line(channel, line_of_100)) ++tried;
  return tried;
}

}  // namespace

TEST_CASE("log: all lines are written when the writer stops, whether its thread ran or not") {
  for (const bool with_thread : {true, false}) {
    const MemoryFile file;
    LogWriter writer(small(file.fd()));
    REQUIRE(put_line(writer.channel(0), "{\"before\":1}\n"));
    if (with_thread) writer.start();
    REQUIRE(put_line(writer.channel(0), "{\"after\":1}\n"));
    writer.stop();
    CHECK(file.content() == "{\"before\":1}\n{\"after\":1}\n");
    CHECK(writer.dropped() == 0);
  }
}

TEST_CASE(
    "log: a reader that sleeps costs lines, never the producer's time; warnings still find room; the drops are "
    "reported") {
  SmallPipe pipe;
  const int flags = pipe.flags();
  LogWriter writer(small(pipe.sink()));
  writer.start();
  std::uint64_t tried = fill(writer.channel(0));
  CHECK(put_line(writer.channel(0), "{\"level\":\"warn\"}\n", Level::warn));
  ++tried;
  writer.channel(0).flush();

  std::string text;
  REQUIRE(pipe.read_until(text, "log lines dropped"));
  CHECK(pipe.flags() == flags);
  CHECK(text.find("{\"level\":\"warn\"}\n") != std::string::npos);
  const std::uint64_t dropped = writer.dropped(LineDrop::no_block);
  CHECK(dropped >= 1);
  CHECK(text.find("\"lines\":" + std::to_string(dropped) + ",\"total\":{\"buffers_full\":" + std::to_string(dropped)) !=
        std::string::npos);
  CHECK(lines_in(text) == tried - dropped + 1);
  writer.stop();
}

TEST_CASE(
    "log: with a reader that never wakes the writer stops in bounded time, and every line is written or counted") {
  SmallPipe pipe;
  auto writer = std::make_unique<LogWriter>(small(pipe.sink()));
  writer->start();
  const std::uint64_t tried = fill(writer->channel(0));
  writer->stop();
  CHECK(writer->dropped(LineDrop::shutdown) > 0);
  const std::uint64_t dropped = writer->dropped();
  writer.reset();
  pipe.close_writer();
  std::string text;
  while (pipe.read_more(text)) {
  }
  CHECK(lines_in(text) + dropped == tried);
}

TEST_CASE("log: a reader that left costs the lines, not the process") {
  SmallPipe pipe;
  pipe.close_reader();
  LogWriter writer(small(pipe.sink()));
  writer.start();
  for (int i = 0; i < 10; ++i) REQUIRE(put_line(writer.channel(0), line_of_100));
  writer.stop();
  CHECK(writer.dropped(LineDrop::sink_failed) == 10);
  CHECK(writer.dropped() == 10);
}

TEST_CASE("log: a line from any thread is written at once, without waiting for the block to fill") {
  SmallPipe pipe;
  LogWriter writer(small(pipe.sink()));
  writer.start();
  writer.write_shared(Level::info, 512,
                      [](char* room, std::size_t size) { return JsonLine(room, size).number("n", 1U).finish(); });
  std::string text;
  REQUIRE(pipe.read_until(text, "\n"));
  CHECK(text == "{\"n\":1}\n");
}

TEST_CASE("log: lines of many threads arrive whole, and none is lost while the reader keeps up") {
  constexpr unsigned producers = 2;
  constexpr unsigned lines = 2000;
  SmallPipe pipe;
  LogOptions options = small(pipe.sink(), producers);
  options.stop_within = std::chrono::seconds(10);
  auto writer_owner = std::make_unique<LogWriter>(options);
  LogWriter& writer = *writer_owner;
  writer.start();
  std::string text;
  std::thread reader([&] {
    while (pipe.read_more(text)) {
    }
  });
  const auto produce = [&writer](std::size_t i) {
    for (unsigned n = 0; n < lines; ++n) {
      char* room = writer.channel(i).begin(Level::warn, 300);
      if (room == nullptr) continue;
      JsonLine line(room, 300);
      writer.channel(i).commit(line.number("producer", i).number("n", n).text("pad", std::string(n % 64, '"')).finish(),
                               TimePoint{});
    }
  };
  const auto share = [&writer] {
    for (unsigned n = 0; n < 200; ++n) {
      writer.write_shared(Level::info, 300, [n](char* room, std::size_t size) {
        return JsonLine(room, size).number("shared", n).finish();
      });
    }
  };
  std::thread first(produce, 0);
  std::thread second(produce, 1);
  std::thread third(share);
  first.join();
  second.join();
  third.join();
  writer.stop();
  const std::uint64_t dropped = writer.dropped();
  writer_owner.reset();
  pipe.close_writer();
  reader.join();
  std::uint64_t reports = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at) + 1;
    const std::string_view line = std::string_view(text).substr(at, end - at);
    REQUIRE(JsonReader::is_line(line));
    reports += line.find("log lines dropped") == line.npos ? 0U : 1U;
    at = end;
  }
  CHECK(lines_in(text) - reports + dropped == producers * lines + 200);
}

TEST_CASE("log: a fatal signal writes what the channels hold, and one line about itself") {
  const MemoryFile file;
  LogOptions options = small(file.fd(), 2);
  options.service = "users";
  LogWriter writer(options);
  REQUIRE(put_line(writer.channel(0), "{\"handed over\":1}\n"));
  writer.channel(0).flush();
  REQUIRE(put_line(writer.channel(0), "{\"current\":1}\n"));
  REQUIRE(put_line(writer.channel(1), "{\"other\":1}\n"));
  writer.crash_flush({.signal = SIGSEGV, .cause = "a \"bug\"", .request_id = "r-1", .policy = "limits"});
  const std::string text = file.content();
  CHECK(text.starts_with("{\"handed over\":1}\n{\"current\":1}\n{\"other\":1}\n{\"ts\":\""));
  const std::string last = text.substr(text.rfind("{\"ts\""));
  CHECK(JsonReader::is_line(last));
  const auto has = [&](std::string_view part) { return last.find(part) != std::string::npos; };
  CHECK(has(R"("level":"error","msg":"fatal signal","area":"core","service":"users","signal":11,"name":"SIGSEGV")"));
  CHECK(has(R"("cause":"a \"bug\"","request_id":"r-1","policy":"limits","stack":["test_telemetry+0x)"));
}

TEST_CASE("log: format pretty turns lines into text for a person, without colours when there is no terminal") {
  const MemoryFile file;
  LogOptions options = small(file.fd());
  options.format = LogFormat::pretty;
  LogWriter writer(options);
  REQUIRE(put_line(writer.channel(0),
                   "{\"ts\":\"2026-11-22T06:02:43.123456Z\",\"level\":\"info\",\"msg\":\"ready\",\"port\":8080}\n"));
  writer.stop();
  CHECK(file.content() == "06:02:43.123 INFO  ready port=8080\n");
}
