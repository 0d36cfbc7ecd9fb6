// Service: from a request to a plan, and from a command to a reply. Stands between the server and the core.
//
// `guarded` is the runtime boundary: the only place that catches. What a handler lets escape is logged with the id of
// its exchange, costs that exchange a 500, and nothing else.
#pragma once

#include <cstdint>
#include <exception>

#include "backend/api.h"
#include "backend/faults.h"
#include "backend/http_message.h"
#include "backend/log.h"
#include "backend/store.h"
#include "core/clock.h"

namespace users {

using ExchangeId = std::uint64_t;

class Service {
 public:
  Service(Store& store, Log& log, bool faults) : store_(store), log_(log), faults_(faults) {}

  // Never blocks. Loop thread.
  Plan plan(ExchangeId id, const Request& request) noexcept;

  // Blocks until `until` at the longest. Any thread.
  Reply execute(ExchangeId id, const Command& command, holdfast::TimePoint until) noexcept;

 private:
  template <class Outcome, class Handler>
  Outcome guarded(ExchangeId id, const Handler& handler) noexcept;
  template <class Value>
  Reply reply_and_log(ExchangeId id, const holdfast::Result<Value, Refusal>& outcome);

  Store& store_;
  Log& log_;
  bool faults_;
};

}  // namespace users
