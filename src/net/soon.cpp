// A timer of zero, not event_active(): libevent runs those until none is left, and the end of the turn would not come.
#include "net/soon.h"

#include <event2/event.h>
#include <event2/event_struct.h>

namespace holdfast::net {

class Soon::Timer {
 public:
  Timer(Loop& loop, Call call, void* owner) noexcept : loop_(loop), call_(call), owner_(owner) {
    event_assign(&event_, loop.base(), -1, 0, &Timer::on_due, this);
  }
  ~Timer() { event_del(&event_); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void ask() noexcept {
    constexpr timeval at_once{0, 0};
    if (event_pending(&event_, EV_TIMEOUT, nullptr) == 0) event_add(&event_, &at_once);
  }

 private:
  static void on_due(int, short, void* self) noexcept {
    auto& timer = *static_cast<Timer*>(self);
    timer.loop_.tick();
    timer.call_(timer.owner_);
  }

  Loop& loop_;
  Call call_;
  void* owner_;
  event event_{};
};

Soon::Soon(Loop& loop, Call call, void* owner) : timer_(std::make_unique<Timer>(loop, call, owner)) {}
Soon::~Soon() = default;
void Soon::ask() noexcept { timer_->ask(); }

}  // namespace holdfast::net
