// in_progress: what this thread is working on, for the last line of a process that dies.
//
// Written where an event enters an exchange and before each hook; read by the handler of a fatal signal, on the thread
// that failed.
#pragma once

#include "policies/exchange.h"

namespace holdfast::policies {

struct InProgress {
  const Exchange* exchange = nullptr;  // null between events
  const char* policy = nullptr;        // null outside hooks
};

// A signal handler has no other way to it.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): see above
inline constinit thread_local InProgress in_progress{};

// Says so for the length of one event; events may nest.
class InProgressScope {
 public:
  explicit InProgressScope(const Exchange& exchange) noexcept : before_(in_progress) {
    in_progress = {&exchange, nullptr};
  }
  InProgressScope(const InProgressScope&) = delete;
  InProgressScope& operator=(const InProgressScope&) = delete;
  ~InProgressScope() { in_progress = before_; }

 private:
  InProgress before_;
};

}  // namespace holdfast::policies
