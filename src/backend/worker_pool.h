// WorkerPool: a fixed number of threads and a bounded queue, for work that may block.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace users {

template <class Job>
class WorkerPool {
 public:
  using Handler = std::function<void(Job&)>;  // any thread of the pool; must not throw

  WorkerPool(std::size_t threads, std::size_t queue_limit, Handler handler)
      : queue_limit_(queue_limit), handler_(std::move(handler)) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Drops what has not started, waits for what has.
  ~WorkerPool() {
    const std::lock_guard guard(lock_);
    stopping_ = true;
    queue_.clear();
    wake_.notify_all();
  }

  // Jobs are numbered in the order in which they start. Nothing when the queue is full: the job was not taken.
  [[nodiscard]] std::optional<std::uint64_t> submit(Job job) {
    std::uint64_t number = 0;
    {
      const std::lock_guard guard(lock_);
      if (queue_.size() >= queue_limit_) return std::nullopt;
      number = started_.load() + queue_.size();
      queue_.push_back(std::move(job));
    }
    wake_.notify_one();
    return number;
  }

  bool has_started(std::uint64_t number) const noexcept { return number < started_.load(); }

 private:
  void work() {
    std::unique_lock guard(lock_);
    while (true) {
      wake_.wait(guard, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      Job job = std::move(queue_.front());
      queue_.pop_front();
      started_.fetch_add(1);
      guard.unlock();
      handler_(job);
      guard.lock();
    }
  }

  std::size_t queue_limit_;
  Handler handler_;
  std::mutex lock_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
  std::atomic<std::uint64_t> started_{0};
  bool stopping_ = false;
  std::vector<std::jthread> threads_;  // declared last: joined before the rest goes
};

}  // namespace users
