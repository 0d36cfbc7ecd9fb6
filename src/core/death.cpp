#include "core/death.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <exception>

#include "core/stack_trace.h"

namespace holdfast {
namespace {

struct FatalSignal {
  int number;
  std::string_view word;
};
constexpr std::array fatal_signals{FatalSignal{SIGSEGV, "SIGSEGV"}, FatalSignal{SIGBUS, "SIGBUS"},
                                   FatalSignal{SIGFPE, "SIGFPE"},   FatalSignal{SIGILL, "SIGILL"},
                                   FatalSignal{SIGABRT, "SIGABRT"}, FatalSignal{SIGSYS, "SIGSYS"}};

// A signal handler has no other way to its data.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): see above
std::atomic<DeathReport> current{nullptr};
std::atomic<long> reporter{0};  // the thread that reports
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void run_report(int signal, std::string_view cause) noexcept {
  const long me = ::syscall(SYS_gettid);
  long first = 0;
  if (reporter.compare_exchange_strong(first, me)) {
    if (const DeathReport report = current.load()) report(signal, cause);
    return;
  }
  // Another thread died first and ends the process when it has said so; a report that dies itself goes on at once.
  constexpr int bound_ms = 1000;
  if (first != me) ::poll(nullptr, 0, bound_ms);
}

void on_fatal_signal(int signal) {
  run_report(signal, "");
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

[[noreturn]] void on_terminate() {
  try {
    if (const auto pending = std::current_exception()) std::rethrow_exception(pending);
    run_report(SIGABRT, "terminated");
  } catch (const std::exception& escaped) {
    run_report(SIGABRT, escaped.what());
  } catch (...) {
    run_report(SIGABRT, "not a std::exception");
  }
  std::abort();
}

void handle_with(void (*handler)(int)) noexcept {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;
  for (const FatalSignal& fatal : fatal_signals) sigaction(fatal.number, &action, nullptr);
}

}  // namespace

// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): nothing reads it before it is written
SignalStack::SignalStack() noexcept {
  stack_t stack{};
  stack.ss_sp = bytes_.data();
  stack.ss_size = bytes_.size();
  sigaltstack(&stack, &before_);
}

SignalStack::~SignalStack() { sigaltstack(&before_, nullptr); }

void report_death(DeathReport report) {
  prepare_stack_trace();
  current.store(report);
  reporter.store(0);
  handle_with(on_fatal_signal);
  std::set_terminate(on_terminate);
}

void forget_death_report() {
  current.store(nullptr);
  handle_with(SIG_DFL);
  std::set_terminate(std::abort);
}

std::string_view signal_word(int signal) noexcept {
  for (const FatalSignal& fatal : fatal_signals) {
    if (fatal.number == signal) return fatal.word;
  }
  return "signal";
}

}  // namespace holdfast
