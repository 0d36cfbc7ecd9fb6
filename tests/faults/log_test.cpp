// A log that cannot be written, with the writer's own thread and a file that has no room: lines are lost, counted and
// told of; no exchange notices.
#include <poll.h>
#include <sys/resource.h>

#include "../telemetry/sinks.h"
#include "conversations.h"

namespace holdfast::testing {
namespace {

using telemetry::LineDrop;

// While it lives, no file of this process grows beyond so many bytes: a write fails as on a full disk.
class Room {
 public:
  explicit Room(rlim_t bytes) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit room{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &room) == 0);
  }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  ~Room() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

// Waits until the writer has given up as many lines; 5 s at most.
bool lost(telemetry::LogWriter& writer, std::uint64_t lines) {
  for (int i = 0; i < 5000 && writer.dropped(LineDrop::sink_failed) < lines; ++i) ::poll(nullptr, 0, 1);
  return writer.dropped(LineDrop::sink_failed) == lines;
}

}  // namespace

TEST_CASE("faults: a full log costs lines, which are counted and told of once there is room again, and no exchange") {
  const telemetry::MemoryFile file;
  Scenario s({.log_sink = file.fd()});
  bool served = false;
  bool counted = false;
  {
    const Room none(0);
    served = next_is_served(s);
    counted = lost(s.log_writer(), 1);
  }
  CHECK(served);
  CHECK(counted);
  CHECK(file.content().empty());
  CHECK(next_is_served(s));
  s.log_writer().stop();
  const std::string log = file.content();
  CHECK(count_of(log, "\"msg\":\"request\"") == 1);
  CHECK(count_of(log, "\"msg\":\"log lines dropped\"") == 1);
  CHECK(contains(log, "\"lines\":1,"));
  CHECK(contains(log, "\"sink_failed\":1"));
  CHECK(log.ends_with("}\n"));
}

TEST_CASE("faults: a line that a full disk cut in the middle spoils no line behind it") {
  constexpr std::size_t part = 100;
  const telemetry::MemoryFile file;
  Scenario s({.log_sink = file.fd()});
  {
    const Room little(part);
    next_is_served(s);
    lost(s.log_writer(), 1);
  }
  CHECK(next_is_served(s));
  s.log_writer().stop();
  const std::string log = file.content();
  CHECK(log.find('\n') == part);
  CHECK(count_of(log, "\n") == 3);
  CHECK(count_of(log, "\n{\"ts\":") == 2);
  CHECK(count_of(log, "}\n") == 2);
}

}  // namespace holdfast::testing
