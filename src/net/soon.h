// Soon: a callback in the loop's next turn, for what no descriptor will tell: bytes that a library holds already.
#pragma once

#include <memory>

#include "net/loop.h"

namespace holdfast::net {

class Soon {
 public:
  using Call = void (*)(void* owner);
  Soon(Loop& loop, Call call, void* owner);  // throws std::bad_alloc
  ~Soon();
  Soon(const Soon&) = delete;
  Soon& operator=(const Soon&) = delete;

  void ask() noexcept;  // once, however often it is asked before

 private:
  class Timer;
  std::unique_ptr<Timer> timer_;
};

}  // namespace holdfast::net
