// signals: SIGTERM, SIGINT and SIGHUP as events of one loop. Every other thread must have them blocked.
#pragma once

#include <memory>

#include "net/loop.h"

namespace holdfast::net {

class SignalUser {
 public:
  virtual void on_signal(int number) noexcept = 0;

 protected:
  ~SignalUser() = default;
};

class Signals {
 public:
  Signals(Loop& loop, SignalUser& user);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  class Events;
  std::unique_ptr<Events> events_;
};

// For threads that are about to start: they inherit the mask. Restored by the destructor on the calling thread.
class BlockedSignals {
 public:
  BlockedSignals();
  ~BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  struct Mask;
  std::unique_ptr<Mask> before_;
};

}  // namespace holdfast::net
