// LogWriter: the one thread that writes log lines, and the channels it takes them from.
//
// A reader of the log that stops costs lines (counted, and reported by one warn line when it comes back), never the
// time of a producing thread. The process should ignore SIGPIPE; the writer's thread has every signal blocked.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "core/fd.h"
#include "telemetry/line_blocks.h"
#include "telemetry/log_sink.h"
#include "telemetry/pretty.h"

namespace holdfast::telemetry {

enum class LogFormat : std::uint8_t { automatic, json, pretty };  // automatic: pretty on a terminal

struct LogOptions {
  int sink = 1;               // duplicated
  std::size_t producers = 1;  // threads with a channel of their own
  LogFormat format = LogFormat::automatic;
  bool no_color = false;  // NO_COLOR is set; colours appear only on a terminal anyway
  std::string service;    // shown in lines of the program itself
  ChannelLimits channel;
  Duration stop_within = std::chrono::seconds(2);
};

// Why a process dies, and in the middle of what. Texts may be empty.
struct CrashReport {
  int signal = 0;
  std::string_view cause;       // of std::terminate: what the exception says
  std::string_view request_id;  // of the exchange that the failing thread was working on
  std::string_view policy;      // whose hook was running
};

class LogWriter final : public WriterWake {
 public:
  explicit LogWriter(const LogOptions& options);
  ~LogWriter();  // stop()
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Starts the thread. Before that lines wait in their blocks; without it, stop() writes them.
  void start();

  // The channel of producing thread `i` < producers.
  LogChannel& channel(std::size_t i) noexcept { return *channels_[i]; }
  const std::string& service() const noexcept { return service_; }

  // One line from any thread, through a channel under a mutex; it is written at once. `render(char* room, std::size_t
  // size)` writes it with a JsonLine and returns its end. Not for the data path.
  template <class Render>
  void write_shared(Level level, std::size_t size, const Render& render) noexcept {
    {
      const std::scoped_lock lock(shared_mutex_);
      char* room = shared().begin(level, size);
      if (room == nullptr) return;
      shared().commit(render(room, size), TimePoint{});
    }
    wake_for_shared();
  }

  // Writes out everything and ends the thread; gives up after stop_within, counting what is left as dropped. The
  // producing threads must have ended or be silent. Idempotent.
  void stop() noexcept;

  void wake() noexcept override;

  // From the handler of a fatal signal, once: writes what the channels hold and one line about the end and the stack of
  // the caller. Async-signal-safe, takes no lock.
  void crash_flush(const CrashReport& report) noexcept;

  // Lines that were not written, for holdfast_log_lines_dropped_total. Any thread.
  std::uint64_t dropped(LineDrop reason) const noexcept;
  std::uint64_t dropped() const noexcept;

 private:
  LogChannel& shared() noexcept { return *channels_.back(); }
  void wake_for_shared() noexcept;
  void run() noexcept;
  void flush_shared() noexcept;
  bool drain() noexcept;  // false when it had to give up
  void write_lines(std::string_view lines) noexcept;
  std::uint64_t write_out(std::string_view lines) noexcept;  // lines that were not written
  void report_drops(bool last) noexcept;
  void wait_for_work() noexcept;

  LogSink sink_;
  const std::string service_;
  const Duration stop_within_;
  Fd wake_fd_;
  std::vector<std::unique_ptr<LogChannel>> channels_;  // the last is the shared one
  std::mutex shared_mutex_;
  std::atomic<bool> shared_waiting_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> crashing_{false};
  bool stopped_ = false;
  std::thread thread_;

  // The writer thread's own.
  std::unique_ptr<PrettyLines> pretty_;  // null: JSON as it is
  bool gave_up_ = false;
  std::uint64_t reported_ = 0;  // drops
  TimePoint report_again_{};
  std::array<std::atomic<std::uint64_t>, line_drop_words.size()> lost_{};
};

}  // namespace holdfast::telemetry
