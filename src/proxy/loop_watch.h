// loop_watch: notices a worker whose loop does not turn any more. Control thread.
//
// Looks are counted, not time: when the whole process stood still (a suspended machine, a frozen container), every beat
// is old at once, and none of the loops is stuck. Ten looks in a row without a beat, one a second, are what /livez and
// its 10 s speak of.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/deadline.h"
#include "proxy/context.h"
#include "telemetry/log.h"

namespace holdfast::proxy {

class LoopWatch {
 public:
  // `workers` must outlive the watch.
  LoopWatch(WorkerContext& context, const std::vector<const WorkerCounters*>& workers, telemetry::Loggers& loggers);
  void start();

  std::optional<std::size_t> stuck() const noexcept;  // the first worker that is, counted from 0
  Duration lag() const noexcept;                      // of the slowest: of its last timer, or how long it is overdue

 private:
  struct Seen {
    const WorkerCounters* counters = nullptr;
    std::uint64_t beat_ns = 0;
    std::uint32_t missed = 0;  // looks in a row
  };
  void look();
  static void look_due(void* self) { static_cast<LoopWatch*>(self)->look(); }

  WorkerContext& context_;
  telemetry::Loggers& loggers_;
  std::vector<Seen> workers_;
  Deadline next_;
};

}  // namespace holdfast::proxy
