// bypass: counts connections that reach the app around the proxy, as seen in /proc/net/tcp{,6} now and then. Control
// thread.
//
// A connection to the app's port counts when its other end is no socket of ours. It must be seen in two looks in a row:
// the tables are not read at one moment, and a connection that we open meanwhile must not count.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "core/deadline.h"
#include "proxy/context.h"

namespace holdfast::proxy {

class Bypass {
 public:
  // `app_port` 0: nothing to look for (a unix socket).
  Bypass(WorkerContext& context, std::uint16_t app_port);
  void start();
  std::uint64_t seen() const noexcept { return seen_; }

 private:
  void look();
  static void look_due(void* self) { static_cast<Bypass*>(self)->look(); }

  WorkerContext& context_;
  std::uint16_t app_port_;
  std::uint64_t seen_ = 0;
  std::set<std::string> once_;     // peers seen in the last look, not counted yet
  std::set<std::string> counted_;  // peers counted and still there
  Deadline next_;
};

}  // namespace holdfast::proxy
