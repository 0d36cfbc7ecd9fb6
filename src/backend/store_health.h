// StoreHealth: knows whether the store answers, from a thread of its own that asks twice a second.
//
// So /healthz answers at once even when every other call hangs, and a store that hangs itself is known to be down as
// soon as its last answer is too old.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "backend/log.h"
#include "backend/store.h"
#include "core/clock.h"

namespace users {

class StoreHealth {
 public:
  // The first question is asked here, so that what follows knows the answer.
  StoreHealth(Store& store, Log& log);
  StoreHealth(const StoreHealth&) = delete;
  StoreHealth& operator=(const StoreHealth&) = delete;
  ~StoreHealth() = default;  // waits for a call in flight, `store_call_bound` at the longest

  bool answers() const noexcept;  // any thread

 private:
  void ask();
  void ask_until_stopped(const std::stop_token& stop);

  Store& store_;
  Log& log_;
  std::atomic<holdfast::TimePoint> good_until_{};
  bool down_ = false;  // what was logged last
  std::mutex lock_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // declared last: joined before the rest goes
};

}  // namespace users
