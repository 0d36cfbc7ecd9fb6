// WorkerPool: bounded, and orderly at its end.
#include "backend/worker_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>

TEST_CASE("worker pool: a full queue refuses a job instead of growing") {
  std::latch started(1);
  std::latch release(1);
  std::atomic<int> ran = 0;
  users::WorkerPool pool(1, 2);
  REQUIRE(pool.submit([&] {
    started.count_down();
    release.wait();
  }));
  started.wait();  // the only thread is busy from here on
  CHECK(pool.submit([&] { ++ran; }));
  std::latch last(1);
  CHECK(pool.submit([&] {
    ++ran;
    last.count_down();
  }));
  CHECK_FALSE(pool.submit([&] { ++ran; }));
  release.count_down();
  last.wait();
  CHECK(ran == 2);
}

TEST_CASE("worker pool: its end waits for what runs and drops what waits") {
  std::atomic<bool> finished = false;
  std::latch started(1);
  {
    users::WorkerPool pool(1, 2);
    REQUIRE(pool.submit([&] {
      started.count_down();
      finished = true;
    }));
    started.wait();
  }
  CHECK(finished);
}
