// watch: notices that a configuration file changed, also through the symlink swap of a mounted ConfigMap.
//
// Looks at what the paths lead to twice a second (two stat calls) and reports a change once size and mtime have stood
// still for a second, so that a half-written file is never read. Control thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/deadline.h"
#include "proxy/context.h"

namespace holdfast::proxy {

class WatchUser {
 public:
  virtual void on_files_changed() noexcept = 0;

 protected:
  ~WatchUser() = default;
};

class Watch {
 public:
  Watch(WorkerContext& context, WatchUser& user);
  void watch(std::vector<std::string> files);  // as they are now

 private:
  struct State {
    std::uint64_t device = 0, inode = 0, size = 0, seconds = 0, nanoseconds = 0;
    friend bool operator==(const State&, const State&) = default;
  };
  static State look_at(const std::string& file) noexcept;  // all zero when it is not there
  void look();
  static void look_due(void* self) { static_cast<Watch*>(self)->look(); }

  WorkerContext& context_;
  WatchUser& user_;
  std::vector<std::string> files_;
  std::vector<State> known_;  // what is loaded
  std::vector<State> seen_;   // at the last look
  TimePoint still_since_{};
  Deadline next_;
};

}  // namespace holdfast::proxy
