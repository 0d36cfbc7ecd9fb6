#include "core/deadline.h"

namespace holdfast {

void DeadlineQueue::arm_at(Deadline& d, TimePoint at, Duration after) {
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
  for (const auto& list : lists_) {
    const Deadline& head = list->head_;
    if (head.armed() && (!first || head.next_->at_ < *first)) first = head.next_->at_;
  }
  return first;
}

void DeadlineQueue::expire(TimePoint now) {
  for (std::size_t i = 0; i < lists_.size(); ++i) {
    Deadline& head = lists_[i]->head_;
    while (head.armed() && head.next_->at_ <= now) {
      Deadline& due = *head.next_;
      due.disarm();
      due.expiry_(due.owner_);
    }
  }
}

DeadlineList& DeadlineQueue::list_for(Duration after) {
  DeadlineList* unused = nullptr;
  for (const auto& list : lists_) {
    if (list->after_ == after) return *list;
    if (!list->head_.armed()) unused = list.get();
  }
  // Durations of past configurations leave empty lists behind; they are used again once there are many.
  if (unused != nullptr && lists_.size() >= 32) {
    unused->after_ = after;
    return *unused;
  }
  lists_.push_back(std::make_unique<DeadlineList>(after));
  return *lists_.back();
}

}  // namespace holdfast
