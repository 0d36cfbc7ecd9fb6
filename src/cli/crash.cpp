#include "cli/crash.h"

#include <atomic>

#include "core/death.h"
#include "policies/in_progress.h"
#include "telemetry/log_writer.h"

namespace holdfast::cli {
namespace {

// A signal handler has no other way to its data.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): see above
std::atomic<telemetry::LogWriter*> last_writer{nullptr};

void report(int signal, std::string_view cause) noexcept {
  telemetry::LogWriter* writer = last_writer.exchange(nullptr);
  if (writer == nullptr) return;
  const policies::InProgress doing = policies::in_progress;
  writer->crash_flush({.signal = signal,
                       .cause = cause,
                       .request_id = doing.exchange == nullptr ? "" : doing.exchange->id(),
                       .policy = doing.policy == nullptr ? "" : doing.policy});
}

}  // namespace

void handle_fatal_signals(telemetry::LogWriter& writer) {
  last_writer.store(&writer);
  report_death(report);
}

void restore_fatal_signals() {
  forget_death_report();
  last_writer.store(nullptr);
}

}  // namespace holdfast::cli
