#include "net/loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace holdfast::net {
namespace {

event_base* make_base() {
  const std::unique_ptr<event_config, void (*)(event_config*)> config(event_config_new(), &event_config_free);
  if (config) event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
  event_base* base = config ? event_base_new_with_config(config.get()) : nullptr;
  if (base == nullptr) throw std::runtime_error("cannot create an event loop: the kernel refuses epoll");
  return base;
}

}  // namespace

void Loop::FreeBase::operator()(event_base* base) const noexcept { event_base_free(base); }
void Loop::FreeEvent::operator()(event* e) const noexcept { event_free(e); }

Loop::Loop() : base_(make_base()), wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!wake_fd_) throw std::runtime_error("cannot create an event loop: the kernel refuses eventfd");
  wake_.reset(event_new(base_.get(), wake_fd_.get(), EV_READ | EV_PERSIST, &Loop::on_wake, this));
  timer_.reset(event_new(base_.get(), -1, 0, &Loop::on_timer, this));
  if (!wake_ || !timer_ || event_add(wake_.get(), nullptr) != 0)
    throw std::runtime_error("cannot create an event loop");
}

Loop::~Loop() = default;

void Loop::run(TurnUser& user) {
  user_ = &user;
  tick();
  while (!stopped_.load(std::memory_order_acquire)) {
    user.turn_ends();
    set_timer();
    fresh_ = false;
    event_base_loop(base_.get(), EVLOOP_ONCE);
    tick();
  }
  user.turn_ends();
  user_ = nullptr;
}

void Loop::stop() noexcept {
  stopped_.store(true, std::memory_order_release);
  wake();
}

void Loop::wake() noexcept {
  const std::uint64_t one = 1;
  if (::write(wake_fd_.get(), &one, sizeof one) < 0) return;  // full: the loop wakes anyway
}

void Loop::post(std::unique_ptr<Task> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (tasks_.size() > 1) return;  // a wake-up is under way
  }
  wake();
}

void Loop::tick() noexcept {
  if (fresh_ && (++callbacks_ & 7U) != 0) return;
  fresh_ = true;
  now_ = steady_now();
  if (user_ != nullptr) user_->time_passes(now_, wall_now());
}

// The timer only moves earlier; a deadline that was disarmed costs one idle wake-up.
void Loop::set_timer() noexcept {
  const std::optional<TimePoint> next = user_->next_deadline();
  if (!next || (timer_at_ && *timer_at_ <= *next)) return;
  const Duration wait = std::max<Duration>(*next - now_, std::chrono::microseconds(100));
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(wait).count() + 1;
  const timeval tv{static_cast<time_t>(us / 1'000'000), static_cast<suseconds_t>(us % 1'000'000)};
  if (event_add(timer_.get(), &tv) == 0) timer_at_ = *next;
}

void Loop::on_timer(int, short, void* self) noexcept {
  auto& loop = *static_cast<Loop*>(self);
  loop.timer_at_.reset();
  loop.fresh_ = false;  // what is due is judged by the time of now
  loop.tick();
}

void Loop::on_wake(int fd, short, void* self) noexcept {
  auto& loop = *static_cast<Loop*>(self);
  loop.tick();
  std::uint64_t count = 0;
  if (::read(fd, &count, sizeof count) < 0) return;
  loop.run_tasks();
}

void Loop::run_tasks() noexcept {
  std::vector<std::unique_ptr<Task>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (const auto& task : tasks) task->run();
}

}  // namespace holdfast::net
