// Deadlines: every timeout of a worker, in one place.
//
// A Deadline is a member of the object it guards; destroying the object disarms it, so no timer outlives what it refers
// to. One list per distinct duration: entries of equal duration are already sorted by expiry, so arming and disarming
// are O(1). A deadline that is due earlier than its list's tail (one that stood still for a while) walks back from the
// tail. Nothing here needs memory, so nothing fails. Worker's thread only.
#pragma once

#include <array>
#include <optional>

#include "core/clock.h"

namespace holdfast {

class DeadlineList;

class Deadline {
 public:
  // Called once when due, from DeadlineQueue::expire(); may arm, disarm or destroy any deadline.
  using Expiry = void (*)(void* owner);

  Deadline(Expiry expiry, void* owner) noexcept : expiry_(expiry), owner_(owner) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() { disarm(); }

  bool armed() const noexcept { return next_ != this; }
  TimePoint at() const noexcept { return at_; }  // when armed
  void disarm() noexcept {
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = this;
  }

 private:
  friend class DeadlineQueue;
  Deadline* prev_ = this;
  Deadline* next_ = this;
  TimePoint at_{};
  DeadlineList* list_ = nullptr;  // the list it was last in: usually the next one too
  Expiry expiry_;
  void* owner_;
};

class DeadlineList {
 public:
  DeadlineList() noexcept : head_(nullptr, nullptr) {}

 private:
  friend class DeadlineQueue;
  Duration after_{};
  Deadline head_;
};

class DeadlineQueue {
 public:
  // Arms (or moves) `d` to `now + after`; `after` > 0.
  void arm(Deadline& d, TimePoint now, Duration after) noexcept { arm_at(d, now + after, after); }
  // Arms `d` for `at`, kept in the list of `after`.
  void arm_at(Deadline& d, TimePoint at, Duration after) noexcept;

  // The earliest armed deadline; the loop sleeps until then. O(distinct durations).
  std::optional<TimePoint> next() const noexcept;

  // Runs what is due at `now`.
  void expire(TimePoint now);

 private:
  // Distinct durations at the same time beyond which some share a list, and arming in it walks.
  static constexpr std::size_t lists_max = 64;

  DeadlineList& list_for(Duration after) noexcept;

  std::array<DeadlineList, lists_max> lists_;
  std::size_t used_ = 0;  // lists that ever had a duration
};

}  // namespace holdfast
