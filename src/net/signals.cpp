#include "net/signals.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>

#include <array>
#include <csignal>

namespace holdfast::net {
namespace {

constexpr std::array watched{SIGTERM, SIGINT, SIGHUP};

}  // namespace

class Signals::Events {
 public:
  Events(Loop& loop, SignalUser& user) : loop_(loop), user_(user) {
    for (std::size_t i = 0; i < watched.size(); ++i) {
      event_assign(&events_[i], loop.base(), watched[i], EV_SIGNAL | EV_PERSIST, &Events::on_signal, this);
      event_add(&events_[i], nullptr);
    }
  }
  ~Events() {
    for (event& e : events_) event_del(&e);
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

 private:
  static void on_signal(int number, short, void* self) noexcept {
    auto& events = *static_cast<Events*>(self);
    events.loop_.tick();
    events.user_.on_signal(number);
  }
  Loop& loop_;
  SignalUser& user_;
  std::array<event, watched.size()> events_{};
};

Signals::Signals(Loop& loop, SignalUser& user) : events_(std::make_unique<Events>(loop, user)) {}
Signals::~Signals() = default;

struct BlockedSignals::Mask {
  sigset_t set;
};

BlockedSignals::BlockedSignals() : before_(std::make_unique<Mask>()) {
  sigset_t block;
  sigemptyset(&block);
  for (const int number : watched) sigaddset(&block, number);
  pthread_sigmask(SIG_BLOCK, &block, &before_->set);
}
BlockedSignals::~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_->set, nullptr); }

}  // namespace holdfast::net
