// crash: the last thing a dying process says.
#pragma once

namespace holdfast::telemetry {
class LogWriter;
}

namespace holdfast::cli {

// On a fatal signal and on std::terminate: the lines that are still in memory and one line about the end are written
// (what failed, which request and policy the thread was working on, the stack), then the signal does what it does.
// `writer` must live until restore_fatal_signals().
void handle_fatal_signals(telemetry::LogWriter& writer);
void restore_fatal_signals();

}  // namespace holdfast::cli
