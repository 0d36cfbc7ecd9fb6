// The loop as other threads use it: post and stop.
#include "net/loop.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "sockets.h"

namespace holdfast::net {
namespace {

class Turns final : public Patient {
 public:
  using Patient::Patient;
};

}  // namespace

TEST_CASE("loop: what four threads post runs once each, on the loop's thread, in the order of its sender") {
  constexpr int each = 2000;
  Loop loop;
  Turns user(loop, std::chrono::seconds(30));
  const std::thread::id here = std::this_thread::get_id();
  std::array<int, 4> last{};
  int ran = 0;
  bool in_order = true;
  bool on_loop_thread = true;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < last.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 1; i <= each; ++i) {
        loop.post_work([&, t, i] {
          in_order = in_order && last[t] + 1 == i;
          on_loop_thread = on_loop_thread && std::this_thread::get_id() == here;
          last[t] = i;
          if (++ran == 4 * each) loop.stop();
        });
      }
    });
  }
  loop.run(user);
  for (std::thread& thread : threads) thread.join();
  CHECK(ran == 4 * each);
  CHECK(in_order);
  CHECK(on_loop_thread);
}

TEST_CASE("loop: stop() from another thread ends a loop that has nothing to do") {
  class Asleep final : public TurnUser {
   public:
    void time_passes(TimePoint, WallTime) noexcept override {}
    void turn_ends() noexcept override { turns.fetch_add(1); }
    std::optional<TimePoint> next_deadline() noexcept override { return std::nullopt; }
    std::atomic<int> turns{0};
  };
  Loop loop;
  Asleep user;
  std::thread thread([&] { loop.run(user); });
  while (user.turns.load() == 0) std::this_thread::yield();
  loop.stop();
  thread.join();
  CHECK(user.turns.load() >= 2);  // the last turn is ended too
}

TEST_CASE("loop: what was posted before it runs is run, a task may post, and stop() before run() stops it") {
  Loop loop;
  Turns user(loop);
  int ran = 0;
  loop.post_work([&] {
    ++ran;
    loop.post_work([&] {
      ++ran;
      loop.stop();
    });
  });
  loop.run(user);
  CHECK(ran == 2);
  loop.post_work([&] { ++ran; });
  loop.run(user);  // it is stopped for good
  CHECK(ran == 2);
}

TEST_CASE("loop: a task that never ran is destroyed with the loop") {
  int alive = 0;
  struct Counted {
    explicit Counted(int& n) : count(&n) { ++*count; }
    Counted(Counted&& other) noexcept : count(other.count) { ++*count; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --*count; }
    void operator()() const {}
    int* count;
  };
  {
    Loop loop;
    loop.post_work(Counted(alive));
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}

TEST_CASE("loop: the turn after a deadline is told a time that has reached it") {
  class Waits final : public TurnUser {
   public:
    explicit Waits(Loop& loop) : loop_(loop) {}
    void time_passes(TimePoint now, WallTime) noexcept override {
      now_ = now;
      if (due == TimePoint{}) due = now + std::chrono::milliseconds(30);
    }
    void turn_ends() noexcept override {
      ++turns;
      if (now_ >= due) loop_.stop();
    }
    std::optional<TimePoint> next_deadline() noexcept override { return due; }
    TimePoint due{};
    int turns = 0;

   private:
    Loop& loop_;
    TimePoint now_{};
  };
  Loop loop;
  Waits user(loop);
  loop.run(user);
  CHECK(user.turns >= 2);
  CHECK(user.turns < 10);  // asleep in between
}

}  // namespace holdfast::net
