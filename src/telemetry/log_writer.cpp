// log_writer: takes blocks from the channels, writes them, gives them back.
#include "telemetry/log_writer.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "core/death.h"
#include "core/stack_trace.h"
#include "telemetry/json.h"
#include "telemetry/time_text.h"

namespace holdfast::telemetry {
namespace {

constexpr Duration report_every = std::chrono::seconds(1);
constexpr std::size_t crash_cause_max = 512;
constexpr std::size_t crash_stack_max = 2048;
constexpr std::size_t crash_line_max = 4096;  // PIPE_BUF: other writers' lines do not mix with it

std::uint64_t lines_in(std::string_view text) noexcept {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

// Starts a thread that never runs a signal handler: signals belong to the control thread.
template <class Run>
std::thread thread_without_signals(Run run) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(run);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

LogWriter::LogWriter(const LogOptions& options)
    : sink_(options.sink),
      service_(options.service),
      stop_within_(options.stop_within),
      wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  const bool terminal = sink_.is_terminal();
  if (options.format == LogFormat::pretty || (options.format == LogFormat::automatic && terminal)) {
    pretty_ = std::make_unique<PrettyLines>(terminal && !options.no_color);
  }
  for (std::size_t i = 0; i < options.producers + 1; ++i)
    channels_.push_back(std::make_unique<LogChannel>(options.channel, *this));
}

LogWriter::~LogWriter() { stop(); }

void LogWriter::start() {
  if (thread_.joinable() || stopped_) return;
  thread_ = thread_without_signals([this] { run(); });
}

void LogWriter::stop() noexcept {
  if (std::exchange(stopped_, true)) return;
  sink_.give_up_at(steady_now() + stop_within_);
  for (std::size_t i = 0; i + 1 < channels_.size(); ++i) channels_[i]->flush();
  flush_shared();
  stopping_.store(true, std::memory_order_release);
  if (!thread_.joinable()) {
    run();
    return;
  }
  wake();
  thread_.join();
}

void LogWriter::wake() noexcept {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the writer is awake.
  [[maybe_unused]] const auto n = ::write(wake_fd_.get(), &one, sizeof one);
}

void LogWriter::wake_for_shared() noexcept {
  if (!shared_waiting_.exchange(true, std::memory_order_acq_rel)) wake();
}

void LogWriter::flush_shared() noexcept {
  shared_waiting_.store(false, std::memory_order_release);
  const std::scoped_lock lock(shared_mutex_);
  shared().flush();
}

void LogWriter::run() noexcept {
  while (true) {
    const bool last = stopping_.load(std::memory_order_acquire);
    flush_shared();
    if (drain()) report_drops(last);
    if (last) return;
    wait_for_work();
  }
}

bool LogWriter::drain() noexcept {
  bool found = true;
  while (found) {
    found = false;
    for (const auto& channel : channels_) {
      if (crashing_.load(std::memory_order_relaxed)) return false;  // the signal handler writes what is left
      const auto filled = channel->take();
      if (!filled.has_value()) continue;
      found = true;
      write_lines(filled->lines);
      channel->give_back(filled->block);
    }
  }
  return !gave_up_;
}

void LogWriter::write_lines(std::string_view lines) noexcept {
  const std::uint64_t lost = write_out(lines);
  lost_[static_cast<std::size_t>(gave_up_ ? LineDrop::shutdown : LineDrop::sink_failed)].fetch_add(
      lost, std::memory_order_relaxed);
}

std::uint64_t LogWriter::write_out(std::string_view lines) noexcept {
  std::string_view left = pretty_ ? pretty_->render(lines) : lines;
  if (!gave_up_) gave_up_ = sink_.write(left) == LogSink::Written::gave_up;
  return lines_in(left);
}

// One line about all drops since the last such line, once everything that waited is written.
void LogWriter::report_drops(bool last) noexcept {
  const std::uint64_t total = dropped();
  const TimePoint now = steady_now();
  if (total == reported_ || (now < report_again_ && !last)) return;
  report_again_ = now + report_every;
  std::array<char, 1024> room{};
  TimeText time;
  JsonLine line(room.data(), room.size(), time.of(wall_now()), Level::warn, "log lines dropped");
  line.word("area", word(Area::telemetry)).text("service", service_).number("lines", total - reported_).object("total");
  for (std::size_t i = 0; i < line_drop_words.size(); ++i)
    line.number(line_drop_words[i], dropped(static_cast<LineDrop>(i)));
  const char* end = line.finish();
  if (write_out({room.data(), static_cast<std::size_t>(end - room.data())}) == 0) reported_ = total;
}

void LogWriter::wait_for_work() noexcept {
  int timeout_ms = -1;
  if (dropped() != reported_) {
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(report_again_ - steady_now());
    timeout_ms = static_cast<int>(std::clamp<std::int64_t>(wait.count(), 0, 1000)) + 1;
  }
  pollfd wake{wake_fd_.get(), POLLIN, 0};
  if (::poll(&wake, 1, timeout_ms) <= 0) return;
  std::uint64_t count = 0;
  [[maybe_unused]] const auto n = ::read(wake_fd_.get(), &count, sizeof count);
}

std::uint64_t LogWriter::dropped(LineDrop reason) const noexcept {
  std::uint64_t n = lost_[static_cast<std::size_t>(reason)].load(std::memory_order_relaxed);
  for (const auto& channel : channels_) n += channel->dropped(reason);
  return n;
}

std::uint64_t LogWriter::dropped() const noexcept {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < line_drop_words.size(); ++i) n += dropped(static_cast<LineDrop>(i));
  return n;
}

void LogWriter::crash_flush(const CrashReport& report) noexcept {
  if (crashing_.exchange(true)) return;
  bool taken = true;  // a reader that has stopped is waited for once, and once more for the line that matters
  for (const auto& channel : channels_) {
    for (std::size_t i = 0; i < channel->waiting(); ++i) {
      taken = taken && sink_.write_at_crash(channel->waiting_lines(i));
    }
    taken = taken && sink_.write_at_crash(channel->current_lines());
  }
  std::array<char, crash_line_max> room{};
  std::array<char, crash_stack_max> stack{};
  const std::size_t stack_size = write_stack_trace(stack, 3);  // without this function and its two callers
  TimeText time;
  JsonLine line(room.data(), room.size(), time.of(wall_now()), Level::error, "fatal signal");
  line.word("area", word(Area::core))
      .text("service", service_)
      .number("signal", static_cast<unsigned>(report.signal))
      .word("name", signal_word(report.signal));
  if (!report.cause.empty()) line.text("cause", report.cause.substr(0, crash_cause_max));
  if (!report.request_id.empty()) line.text("request_id", report.request_id);
  if (!report.policy.empty()) line.text("policy", report.policy);
  line.list("stack", {stack.data(), stack_size});
  const char* end = line.finish();
  sink_.write_at_crash({room.data(), static_cast<std::size_t>(end - room.data())});
}

}  // namespace holdfast::telemetry
