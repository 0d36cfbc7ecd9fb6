#include "cli/crash.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "core/stack_trace.h"
#include "policies/in_progress.h"
#include "telemetry/log_writer.h"

namespace holdfast::cli {
namespace {

constexpr std::array fatal{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};
constexpr std::size_t signal_stack_bytes = 64U << 10U;

// A signal handler has no other way to its data.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): see above
std::atomic<telemetry::LogWriter*> last_writer{nullptr};
std::array<char, signal_stack_bytes>
    signal_stack;  // for the first thread; a handler needs room when its own has run out
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void report(int signal, std::string_view cause) noexcept {
  telemetry::LogWriter* writer = last_writer.exchange(nullptr);
  if (writer == nullptr) return;
  const policies::InProgress doing = policies::in_progress;
  writer->crash_flush({.signal = signal,
                       .cause = cause,
                       .request_id = doing.exchange == nullptr ? "" : doing.exchange->id(),
                       .policy = doing.policy == nullptr ? "" : doing.policy});
}

void on_fatal_signal(int signal) {
  report(signal, "");
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

[[noreturn]] void on_terminate() {
  try {
    if (const auto pending = std::current_exception()) std::rethrow_exception(pending);
    report(SIGABRT, "terminated");
  } catch (const std::exception& escaped) {
    report(SIGABRT, escaped.what());
  } catch (...) {
    report(SIGABRT, "not a std::exception");
  }
  std::abort();
}

void set_all(void (*handler)(int)) noexcept {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;
  for (const int signal : fatal) sigaction(signal, &action, nullptr);
}

}  // namespace

void handle_fatal_signals(telemetry::LogWriter& writer) {
  prepare_stack_trace();
  last_writer.store(&writer);
  stack_t stack{};
  stack.ss_sp = signal_stack.data();
  stack.ss_size = signal_stack.size();
  sigaltstack(&stack, nullptr);
  set_all(on_fatal_signal);
  std::set_terminate(on_terminate);
}

void restore_fatal_signals() {
  last_writer.store(nullptr);
  set_all(SIG_DFL);
  std::set_terminate(std::abort);
}

}  // namespace holdfast::cli
