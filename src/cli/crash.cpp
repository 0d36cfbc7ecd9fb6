#include "cli/crash.h"

#include <array>
#include <atomic>
#include <csignal>

#include "telemetry/log_writer.h"

namespace holdfast::cli {
namespace {

constexpr std::array fatal{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};

// A signal handler has no other way to its data.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): see above
std::atomic<telemetry::LogWriter*> last_writer{nullptr};

void on_fatal(int number) {
  if (telemetry::LogWriter* writer = last_writer.exchange(nullptr)) writer->crash_flush(number);
  std::signal(number, SIG_DFL);
  std::raise(number);
}

}  // namespace

void handle_fatal_signals(telemetry::LogWriter& writer) {
  last_writer.store(&writer);
  for (const int number : fatal) std::signal(number, on_fatal);
}

void restore_fatal_signals() {
  last_writer.store(nullptr);
  for (const int number : fatal) std::signal(number, SIG_DFL);
}

}  // namespace holdfast::cli
