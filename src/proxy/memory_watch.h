// memory_watch: says when the process is about to use more memory than it may, so that new requests are shed before the
// kernel kills it. Control thread; workers read one flag.
//
// Blocks are only a part of the memory: the resident set counts, and where the limit is a cgroup's, what the kernel
// counts against it (socket buffers too) less what it can take back. Memory that the allocator keeps for later is given
// back to the kernel first, so a peak that is over sheds nobody; with a limit or without, it does not stay resident.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/deadline.h"
#include "core/fd.h"
#include "core/units.h"
#include "proxy/context.h"
#include "telemetry/log.h"

namespace holdfast::proxy {

// What counts against the limit, in bytes, now.
class MemoryGauge {
 public:
  virtual std::uint64_t used() noexcept = 0;

 protected:
  ~MemoryGauge() = default;
};

// Reads /proc/self and the files of a cgroup; they stay open, so that it also works out of descriptors.
class KernelMemory final : public MemoryGauge {
 public:
  explicit KernelMemory(const std::string& cgroup);  // its folder; empty: the resident set alone
  std::uint64_t used() noexcept override;

 private:
  Fd resident_;
  Fd charged_;
  Fd details_;
};

class MemoryWatch {
 public:
  MemoryWatch(WorkerContext& context, MemoryGauge& gauge, telemetry::Loggers& loggers);

  // From now on, at start and after each reload. `blocks`: what blocks may hold whatever else is used; from the limit
  // less what is used beside blocks comes what they may hold now. Without a limit peaks are given back, nothing is
  // shed.
  void set_limit(std::optional<ByteCount> limit, ByteCount blocks);

 private:
  void look_again();
  void look();
  void give_back_peak() noexcept;
  void trim() noexcept;
  void set_block_budget(std::uint64_t used) noexcept;
  bool above(unsigned per_cent, std::uint64_t used) const noexcept;
  void begin(std::uint64_t used);
  void end(std::uint64_t used);
  static void look_due(void* self) { static_cast<MemoryWatch*>(self)->look(); }

  WorkerContext& context_;
  MemoryGauge& gauge_;
  telemetry::Loggers& loggers_;
  std::uint64_t limit_ = 0;
  std::uint64_t blocks_ = UINT64_MAX;
  std::uint64_t least_used_ = UINT64_MAX;
  TimePoint trimmed_{};
  TimePoint asked_{};     // when the allocator was last asked what it keeps
  std::size_t kept_ = 0;  // least that it kept since the last trim
  bool short_ = false;
  TimePoint since_{};     // when it began
  TimePoint above_at_{};  // when so much was last in use that it would have begun
  Deadline next_;
};

}  // namespace holdfast::proxy
