// loop: one event loop of one thread, on libevent's event core.
//
// A turn is: wait, run what is ready, then TurnUser::turn_ends(). libevent has no end-of-turn hook, hence EVLOOP_ONCE
// in our own `while`. The clock is read when a turn's first callback runs and again after every eighth. Only post(),
// stop() and wake() may be called from other threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/clock.h"
#include "core/fd.h"

struct event_base;
struct event;  // NOLINT(readability-identifier-naming): libevent's name

namespace holdfast::net {

class TurnUser {
 public:
  virtual void time_passes(TimePoint now, WallTime wall) noexcept = 0;
  virtual void turn_ends() noexcept = 0;  // may arm deadlines
  virtual std::optional<TimePoint> next_deadline() noexcept = 0;

 protected:
  ~TurnUser() = default;
};

class Task {
 public:
  Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  virtual ~Task() = default;
  virtual void run() noexcept = 0;
};

class Loop {
 public:
  Loop();  // throws std::runtime_error when the kernel gives no epoll or eventfd: start-up only
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  void run(TurnUser& user);  // until stop()
  void stop() noexcept;
  void wake() noexcept;  // a turn comes, and with it turn_ends()
  void post(std::unique_ptr<Task> task);
  template <class Work>
  void post_work(Work work) {
    class Wrapped final : public Task {
     public:
      explicit Wrapped(Work w) : work_(std::move(w)) {}
      void run() noexcept override {
        try {
          work_();
          // NOLINTNEXTLINE(bugprone-empty-catch): memory ran out: the task is lost, the loop goes on
        } catch (...) {
        }
      }

     private:
      Work work_;
    };
    post(std::make_unique<Wrapped>(std::move(work)));
  }

  event_base* base() const noexcept { return base_.get(); }  // for net/ only
  void tick() noexcept;                                      // every callback of net/ begins with it

 private:
  struct FreeBase {
    void operator()(event_base* base) const noexcept;
  };
  struct FreeEvent {
    void operator()(event* e) const noexcept;
  };
  void set_timer() noexcept;
  void run_tasks() noexcept;
  static void on_wake(int fd, short what, void* self) noexcept;
  static void on_timer(int fd, short what, void* self) noexcept;

  std::unique_ptr<event_base, FreeBase> base_;
  Fd wake_fd_;
  std::unique_ptr<event, FreeEvent> wake_;
  std::unique_ptr<event, FreeEvent> timer_;
  TurnUser* user_ = nullptr;
  std::optional<TimePoint> timer_at_;
  TimePoint now_{};
  unsigned callbacks_ = 0;
  bool fresh_ = false;
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::vector<std::unique_ptr<Task>> tasks_;  // guarded by mutex_
};

}  // namespace holdfast::net
