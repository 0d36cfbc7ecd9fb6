#include "core/deadline.h"

namespace holdfast {
namespace {

constexpr std::size_t reuse_from = 32;

}  // namespace

void DeadlineQueue::arm_at(Deadline& d, TimePoint at, Duration after) noexcept {
  d.disarm();
  d.at_ = at;
  if (d.list_ == nullptr || d.list_->after_ != after) d.list_ = &list_for(after);
  Deadline& head = d.list_->head_;
  Deadline* before = head.prev_;
  while (before != &head && before->at_ > at) before = before->prev_;
  d.prev_ = before;
  d.next_ = before->next_;
  before->next_->prev_ = &d;
  before->next_ = &d;
}

std::optional<TimePoint> DeadlineQueue::next() const noexcept {
  std::optional<TimePoint> first;
  for (std::size_t i = 0; i < used_; ++i) {
    const Deadline& head = lists_[i].head_;
    if (head.armed() && (!first || head.next_->at_ < *first)) first = head.next_->at_;
  }
  return first;
}

void DeadlineQueue::expire(TimePoint now) {
  for (std::size_t i = 0; i < used_; ++i) {
    Deadline& head = lists_[i].head_;
    while (head.armed() && head.next_->at_ <= now) {
      Deadline& due = *head.next_;
      due.disarm();
      due.expiry_(due.owner_);
    }
  }
}

DeadlineList& DeadlineQueue::list_for(Duration after) noexcept {
  DeadlineList* unused = nullptr;
  DeadlineList* nearest = &lists_.front();
  for (std::size_t i = 0; i < used_; ++i) {
    DeadlineList& list = lists_[i];
    if (list.after_ == after) return list;
    if (!list.head_.armed()) unused = &list;
    if (std::chrono::abs(list.after_ - after) < std::chrono::abs(nearest->after_ - after)) nearest = &list;
  }
  // Durations of past configurations leave empty lists behind; they are used again once there are many.
  if (used_ < reuse_from) unused = &lists_[used_++];
  if (unused == nullptr && used_ < lists_max) unused = &lists_[used_++];
  if (unused == nullptr) return *nearest;
  unused->after_ = after;
  return *unused;
}

}  // namespace holdfast
