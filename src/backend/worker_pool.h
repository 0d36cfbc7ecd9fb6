// WorkerPool: a fixed number of threads and a bounded queue, for calls that may block.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace users {

class WorkerPool {
 public:
  using Job = std::function<void()>;  // must not throw

  WorkerPool(std::size_t threads, std::size_t queue_limit);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();  // drops what has not started, waits for what has

  // False when the queue is full: the job was not taken.
  [[nodiscard]] bool submit(Job job);

 private:
  void work();

  std::size_t queue_limit_;
  std::mutex lock_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;  // declared last: joined before the rest goes
};

}  // namespace users
