// LogSink: the descriptor that log lines go to, and how to write to it without hanging on a reader that stopped.
//
// Other programs may have the same file open, so its flags are never changed. Used by the writer thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "core/clock.h"
#include "core/fd.h"

namespace holdfast::telemetry {

class LogSink {
 public:
  enum class Written : std::uint8_t { all, failed, gave_up };

  // Keeps a duplicate of `fd`.
  explicit LogSink(int fd) noexcept;

  bool is_terminal() const noexcept;

  // Writes lines, waiting for the reader as long as it takes or until give_up_at(). Afterwards `lines` is what was not
  // written.
  [[nodiscard]] Written write(std::string_view& lines) noexcept;

  // Any thread: from `time` on a write waits no longer.
  void give_up_at(TimePoint time) noexcept {
    give_up_at_.store(time.time_since_epoch().count(), std::memory_order_relaxed);
  }

  // For a signal handler: waits 100 ms at most per call for the reader.
  bool write_at_crash(std::string_view lines) const noexcept;

 private:
  enum class Kind : std::uint8_t { file, stream, socket };  // stream: pipe or terminal

  static Kind kind_of(int fd) noexcept;
  Written write_all(std::string_view& lines) noexcept;
  bool wait_writable() const noexcept;
  std::string_view next_part(std::string_view lines) const noexcept;
  std::int64_t write_once(std::string_view part) const noexcept;  // as write(2)

  const Fd fd_;
  const Kind kind_;
  bool torn_ = false;  // the last write ended inside a line: the next one ends that line first
  std::atomic<std::int64_t> give_up_at_{INT64_MAX};  // nanoseconds of the steady clock
};

}  // namespace holdfast::telemetry
