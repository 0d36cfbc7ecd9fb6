// death: what is still done when the process dies of a fatal signal or of std::terminate.
//
// The report runs once, on the thread that failed, on a stack of its own where there is a SignalStack; then the process
// ends as it would have ended without.
#pragma once

#include <array>
#include <csignal>
#include <string_view>

namespace holdfast {

// Async-signal-safe. `cause`: what an exception says that nobody caught; empty for a signal.
using DeathReport = void (*)(int signal, std::string_view cause) noexcept;

void report_death(DeathReport report);

// Room for the handler when the stack of this thread has run out. At the bottom of a thread's own stack, in the thread
// itself: what overflows is the other end.
class SignalStack {
 public:
  SignalStack() noexcept;
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;
  ~SignalStack();

 private:
  std::array<char, 64U << 10U> bytes_;
  stack_t before_{};
};

void forget_death_report();

// "SIGSEGV"; "signal" for one that is not fatal.
std::string_view signal_word(int signal) noexcept;

}  // namespace holdfast
