// What the control thread watches over: memory that runs short, and workers that do not turn any more. Numbers and
// clock are the test's own.
#include <doctest/doctest.h>

#include <fcntl.h>

#include <array>
#include <chrono>
#include <memory>
#include <vector>

#include "core/fd.h"
#include "proxy/loop_watch.h"
#include "proxy/memory_watch.h"
#include "telemetry/log_writer.h"

namespace holdfast::proxy {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t limit = 1000 << 20U;
constexpr ByteCount enough{std::uint64_t{1} << 40U};  // for blocks

telemetry::LogOptions nowhere(const Fd& sink) {
  telemetry::LogOptions options;
  options.sink = sink.get();
  return options;
}

// The control thread without its loop.
struct Control {
  Control() { context.begin_turn(now, WallTime{}); }
  void pass(Duration time) {  // in turns of 100 ms
    for (const TimePoint end = now + time; now < end;) turn(100ms);
  }
  void turn(Duration time) {
    now += time;
    context.begin_turn(now, WallTime{});
    context.end_turn();
  }

  TimePoint now{1000h};
  Fd sink{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  telemetry::LogWriter writer{nowhere(sink)};
  telemetry::Loggers loggers{writer};
  Shared shared{16};
  WorkerContext context{shared, policies::RequestIdSource(1, 1)};
};

struct Used final : MemoryGauge {
  std::uint64_t used() noexcept override {
    ++reads;
    return bytes;
  }
  std::uint64_t bytes = 0;
  int reads = 0;
};

struct Memory : Control {
  bool is_short() const { return shared.memory_short.load(); }
  void use(unsigned per_cent) {
    used.bytes = limit / 100 * per_cent;
    pass(1s);
  }
  Used used;
  MemoryWatch watch{context, used, loggers};
};

}  // namespace

TEST_CASE("memory: new requests are shed above 90 % of the limit, until less than 85 % are used") {
  Memory m;
  m.watch.set_limit(ByteCount{limit}, enough);
  for (const auto& [per_cent, expected] : std::array<std::pair<unsigned, bool>, 9>{{{10, false},
                                                                                    {89, false},
                                                                                    {91, true},
                                                                                    {89, true},
                                                                                    {86, true},
                                                                                    {84, false},
                                                                                    {89, false},
                                                                                    {95, true},
                                                                                    {0, false}}}) {
    CAPTURE(per_cent);
    m.use(per_cent);
    CHECK(m.is_short() == expected);
  }
}

TEST_CASE("memory: what stays in use between the bounds is a shortage for ten seconds, not for ever") {
  Memory m;
  m.watch.set_limit(ByteCount{limit}, enough);
  m.use(95);
  m.use(87);
  m.pass(8s);
  CHECK(m.is_short());
  m.pass(3s);
  CHECK(!m.is_short());
  m.pass(60s);
  CHECK(!m.is_short());
}

TEST_CASE("memory: a shortage is noticed within 200 ms, and lasts a second at least") {
  Memory m;
  m.watch.set_limit(ByteCount{limit}, enough);
  m.pass(1s);
  m.used.bytes = limit;
  m.pass(200ms);
  CHECK(m.is_short());
  m.used.bytes = 0;
  m.pass(800ms);
  CHECK(m.is_short());
  m.pass(400ms);
  CHECK(!m.is_short());
}

TEST_CASE("memory: without a limit nothing is read, and a reload that takes the limit away ends the shortage") {
  Memory m;
  m.watch.set_limit(std::nullopt, enough);
  m.use(100);
  CHECK(m.used.reads == 0);
  CHECK(!m.is_short());
  m.watch.set_limit(ByteCount{limit}, enough);
  m.use(100);
  CHECK(m.is_short());
  m.watch.set_limit(std::nullopt, enough);
  CHECK(!m.is_short());
}

TEST_CASE("memory: blocks above their budget are a shortage too") {
  Memory m;
  m.watch.set_limit(ByteCount{limit}, ByteCount{64 << 20U});
  for (const auto& [mib, expected] :
       std::array<std::pair<std::uint64_t, bool>, 4>{{{63, false}, {65, true}, {63, true}, {20, false}}}) {
    CAPTURE(mib);
    m.shared.block_bytes = mib << 20U;
    m.use(10);
    CHECK(m.is_short() == expected);
  }
}

TEST_CASE("memory: blocks may hold what the limit leaves beside everything else, and never nothing") {
  Memory m;
  m.used.bytes = limit / 10;
  m.watch.set_limit(ByteCount{limit}, enough);
  CHECK(m.shared.block_bytes_max == limit / 100 * 80);
  m.shared.block_bytes = limit / 2;  // of which most was never touched
  m.use(20);
  CHECK(m.shared.block_bytes_max == limit / 100 * 80);
  m.use(70);
  CHECK(m.shared.block_bytes_max == limit / 100 * 70);
  m.shared.block_bytes = 0;
  m.use(89);
  CHECK(m.shared.block_bytes_max == limit / 16);
  m.watch.set_limit(ByteCount{limit}, ByteCount{5 << 20U});
  CHECK(m.shared.block_bytes_max == 5 << 20U);
}

TEST_CASE("memory: what the kernel says of this process is more than nothing and less than a limit nobody reaches") {
  KernelMemory memory("");
  const std::uint64_t used = memory.used();
  CHECK(used > 1 << 20U);
  CHECK(used < std::uint64_t{1} << 44U);
}

// A sanitizer's allocator keeps to itself what it keeps.
#ifndef HOLDFAST_SANITIZED
TEST_CASE("memory: what a peak leaves with the allocator goes back to the kernel, with a limit or without") {
  for (const bool limited : {true, false}) {
    CAPTURE(limited);
    Memory m;
    if (limited) m.watch.set_limit(ByteCount{limit}, enough);
    if (!limited) m.watch.set_limit(std::nullopt, enough);
    m.pass(5s);  // what the tests before have left
    KernelMemory resident("");
    const std::uint64_t before = resident.used();
    std::vector<std::unique_ptr<std::array<char, 4096>>> staying;
    {
      std::vector<std::unique_ptr<std::array<char, 4096>>> peak;
      for (int i = 0; i < 4096; ++i) {
        peak.push_back(std::make_unique<std::array<char, 4096>>());  // 16 MiB, and one in 64 stays
        if (i % 64 == 63) staying.push_back(std::make_unique<std::array<char, 4096>>());
      }
    }
    const std::uint64_t over = resident.used();
    CHECK(over > before + (12U << 20U));
    m.pass(5s);
    CHECK(resident.used() < before + (4U << 20U));
  }
}
#endif

TEST_CASE("loops: a worker without a beat in ten looks is stuck, and a beat ends it") {
  Control c;
  std::array<WorkerCounters, 3> workers;
  LoopWatch watch(c.context, {&workers[0], &workers[1], &workers[2]}, c.loggers);
  watch.start();
  std::uint64_t beat = 1;
  const auto pass = [&](int seconds, std::size_t stuck) {
    for (int i = 0; i < seconds; ++i, ++beat) {
      for (std::size_t w = 0; w < workers.size(); ++w) {
        if (w != stuck) workers[w].beat_ns = beat;
      }
      c.pass(1s);
    }
  };
  pass(30, SIZE_MAX);
  CHECK(!watch.stuck());
  CHECK(watch.lag() == Duration{});
  pass(9, 1);
  CHECK(!watch.stuck());
  CHECK(watch.lag() == 8s);
  pass(1, 1);
  CHECK(watch.stuck() == std::size_t{1});
  pass(60, 1);
  CHECK(watch.stuck() == std::size_t{1});
  CHECK(watch.lag() >= 60s);
  pass(1, SIZE_MAX);
  CHECK(!watch.stuck());
  CHECK(watch.lag() == Duration{});
}

TEST_CASE("loops: after the whole process stood still for an hour none of its workers is stuck") {
  Control c;
  WorkerCounters worker;
  LoopWatch watch(c.context, {&worker}, c.loggers);
  watch.start();
  worker.beat_ns = 1;
  c.pass(5s);
  c.turn(1h);
  CHECK(!watch.stuck());
  c.pass(3s);
  worker.beat_ns = 2;
  c.pass(1s);
  CHECK(!watch.stuck());
  CHECK(watch.lag() == Duration{});
}

TEST_CASE("loops: the lag that a worker tells of itself is shown") {
  Control c;
  std::array<WorkerCounters, 2> workers;
  LoopWatch watch(c.context, {&workers[0], &workers[1]}, c.loggers);
  workers[1].lag_ns = 7'000'000;
  CHECK(watch.lag() == 7ms);
}

}  // namespace holdfast::proxy
