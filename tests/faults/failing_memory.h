// failing_memory: the allocator of this test program counts what the proxy asks for (see support/who_runs.h), and fails
// when it is told to. What the test asks for it always gets.
#pragma once

#include <cstddef>

namespace holdfast::testing {

// While it lives, allocation number `nth` of the proxy fails, counted from 1; 0: none does. One at a time.
class FailingMemory {
 public:
  enum class Lasts { once, on };  // `on`: and every one behind it

  explicit FailingMemory(std::size_t nth, Lasts lasts = Lasts::once) noexcept;
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;
  ~FailingMemory();

  std::size_t allocations() const noexcept;  // of the proxy so far, those that failed included
  bool failed() const noexcept { return nth_ != 0 && allocations() >= nth_; }

 private:
  std::size_t nth_;
};

}  // namespace holdfast::testing
