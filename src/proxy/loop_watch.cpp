#include "proxy/loop_watch.h"

#include <algorithm>

namespace holdfast::proxy {
namespace {

using telemetry::Area;
using telemetry::Level;

constexpr Duration look_every = std::chrono::seconds(1);  // as workers beat
constexpr std::uint32_t missed_max = 10;

}  // namespace

LoopWatch::LoopWatch(WorkerContext& context, const std::vector<const WorkerCounters*>& workers,
                     telemetry::Loggers& loggers)
    : context_(context), loggers_(loggers), next_(&LoopWatch::look_due, this) {
  for (const WorkerCounters* counters : workers) workers_.push_back({.counters = counters});
}

void LoopWatch::start() { context_.deadlines.arm(next_, context_.now, look_every); }

std::optional<std::size_t> LoopWatch::stuck() const noexcept {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (workers_[i].missed >= missed_max) return i;
  }
  return std::nullopt;
}

Duration LoopWatch::lag() const noexcept {
  Duration longest{};
  for (const Seen& worker : workers_) {
    const auto told = worker.counters->lag_ns.load(std::memory_order_relaxed);
    const Duration overdue = worker.missed > 1 ? (worker.missed - 1) * look_every : Duration{};  // 1: looks go between
    longest = std::max({longest, Duration(static_cast<std::int64_t>(told)), overdue});
  }
  return longest;
}

void LoopWatch::look() {
  context_.deadlines.arm(next_, context_.now, look_every);
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Seen& worker = workers_[i];
    const std::uint64_t beat = worker.counters->beat_ns.load(std::memory_order_relaxed);
    if (beat == worker.beat_ns) {
      if (++worker.missed == missed_max)
        loggers_.write(Area::lifecycle, Level::error, "a worker has not turned for 10s", {{"worker", i}});
      continue;
    }
    if (worker.missed >= missed_max) {
      loggers_.write(Area::lifecycle, Level::warn, "a worker turns again",
                     {{"worker", i}, {"seconds", std::uint64_t{worker.missed}}});
    }
    worker.beat_ns = beat;
    worker.missed = 0;
  }
}

}  // namespace holdfast::proxy
