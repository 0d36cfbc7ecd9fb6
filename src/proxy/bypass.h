// bypass: counts connections that reach the app around the proxy, as seen in /proc/net/tcp{,6} now and then. Control thread.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>

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
  void look_in(const char* file, bool v6, std::unordered_set<std::string>& open);
  static void look_due(void* self) { static_cast<Bypass*>(self)->look(); }

  WorkerContext& context_;
  std::uint16_t app_port_;
  std::uint64_t seen_ = 0;
  std::unordered_set<std::string> known_;  // peers that are connected now
  Deadline next_;
};

}  // namespace holdfast::proxy
