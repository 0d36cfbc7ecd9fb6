// WorkerPool: bounded, and orderly at its end.
#include "backend/worker_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <memory>

namespace {

using Job = std::function<void()>;
using Pool = users::WorkerPool<Job>;

void run(const Job& job) { job(); }

// A job that says when it is gone, carried out or not.
struct CountDown {
  void operator()(std::latch* latch) const { latch->count_down(); }
};
using LatchWhenGone = std::unique_ptr<std::latch, CountDown>;
struct Ticket {
  LatchWhenGone gone;
  Job job;
};

}  // namespace

TEST_CASE("worker pool: a full queue refuses a job instead of growing") {
  std::latch started(1);
  std::latch release(1);
  std::atomic<int> ran = 0;
  Pool pool(1, 2, run);
  const auto first = pool.submit([&] {
    started.count_down();
    release.wait();
  });
  REQUIRE(first.has_value());
  started.wait();  // the only thread is busy from here on
  CHECK(pool.has_started(first.value()));
  const auto second = pool.submit([&] { ++ran; });
  REQUIRE(second.has_value());
  CHECK_FALSE(pool.has_started(second.value()));
  std::latch last(1);
  const auto third = pool.submit([&] {
    ++ran;
    last.count_down();
  });
  CHECK(third.has_value());
  CHECK_FALSE(pool.submit([&] { ++ran; }).has_value());
  release.count_down();
  last.wait();
  CHECK(ran == 2);
  CHECK(pool.has_started(second.value()));
}

TEST_CASE("worker pool: its end waits for what runs and drops what waits") {
  bool finished = false;
  bool ran = false;
  std::latch started(1);
  std::latch dropped(1);
  {
    users::WorkerPool<Ticket> pool(1, 2, [](Ticket& ticket) { ticket.job(); });
    REQUIRE(pool.submit({nullptr, [&] {
                           started.count_down();
                           dropped.wait();
                           finished = true;
                         }}));
    started.wait();
    REQUIRE(pool.submit({LatchWhenGone(&dropped), [&] { ran = true; }}));
  }
  CHECK(finished);
  CHECK_FALSE(ran);
}
