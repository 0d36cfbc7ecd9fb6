// death: what is still done when the process dies of a fatal signal or of std::terminate.
//
// The report runs once, on the thread that failed, on a stack of its own when that is the first thread; then the
// process ends as it would have ended without.
#pragma once

#include <string_view>

namespace holdfast {

// Async-signal-safe. `cause`: what an exception says that nobody caught; empty for a signal.
using DeathReport = void (*)(int signal, std::string_view cause) noexcept;

void report_death(DeathReport report);
void forget_death_report();

// "SIGSEGV"; "signal" for one that is not fatal.
std::string_view signal_word(int signal) noexcept;

}  // namespace holdfast
