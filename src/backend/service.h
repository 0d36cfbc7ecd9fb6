// Service: from a request to a plan, and from a call to a reply. Stands between the server and the core.
//
// `guarded` is the runtime boundary: the only place that catches. What a handler lets escape is logged with the request
// id that came with it, costs that exchange a 500, and nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "backend/api.h"
#include "backend/faults.h"
#include "backend/http_message.h"
#include "backend/log.h"
#include "backend/password_hasher.h"
#include "backend/store.h"
#include "backend/store_health.h"
#include "core/clock.h"

namespace users {

using ExchangeId = std::uint64_t;

// Work for a thread that may block. Carries its own copy of all it needs: the exchange may be gone before it is done.
struct Call {
  ExchangeId exchange = 0;
  std::string request_id;  // as the client or the proxy in front sent it
  Command command;
  holdfast::TimePoint until;
};

class Service {
 public:
  Service(Store& store, const PasswordHasher& hasher, const StoreHealth& health, Log& log, bool faults)
      : store_(store), hasher_(hasher), health_(health), log_(log), faults_(faults) {}

  // Never blocks. Loop thread.
  Plan plan(ExchangeId id, const Request& request) noexcept;

  // Blocks until `call.until` at the longest. Any thread.
  Reply execute(const Call& call) noexcept;

 private:
  template <class Outcome, class Handler>
  Outcome guarded(ExchangeId id, std::string_view request_id, const Handler& handler) noexcept;
  template <class Value>
  Reply reply_and_log(const Call& call, const holdfast::Result<Value, Refusal>& outcome);
  Reply run(const Call& call);

  Store& store_;
  const PasswordHasher& hasher_;
  const StoreHealth& health_;
  Log& log_;
  bool faults_;
};

}  // namespace users
