#include "proxy/admission.h"

#include "proxy/boundary.h"

namespace holdfast::proxy {

bool Admission::take_slot(Exchange& exchange) {
  const policies::CountBound& bound = exchange.view().plan->listener.concurrency;
  if (context_.shared.concurrency.try_take(bound.max)) return true;
  if (!bound.report) return false;
  context_.shared.concurrency.take();
  exchange.x().would_have(Reason::queue_full, bound.rule);
  return true;
}

Admission::Answer Admission::enter(Exchange& exchange) {
  if (head_ == nullptr && take_slot(exchange)) return Answer::admitted;  // nobody is overtaken
  const policies::CountBound& queue = exchange.view().plan->listener.queue;
  if (!context_.shared.queue.try_take(queue.max)) {
    if (!queue.report) return Answer::full;
    exchange.x().would_have(Reason::queue_full, queue.rule);
    context_.shared.queue.take();
  }
  push(exchange);
  // A slot may have come free between the try above and the push that makes us visible to who frees it.
  if (head_ == &exchange && take_slot(exchange)) {
    unlink(exchange);
    return Answer::admitted;
  }
  return Answer::queued;
}

void Admission::leave() {
  context_.shared.concurrency.give();
  wake();
}

void Admission::leave_queue(Exchange& exchange) noexcept {
  if (head_ == &exchange || exchange.queue_prev != nullptr) unlink(exchange);
}

void Admission::wake() {
  while (head_ != nullptr && take_slot(*head_)) {
    Exchange& first = *head_;
    unlink(first);
    guarded(first, [&first] {
      first.on_admitted();
      first.settle();
    });
  }
  if (head_ == nullptr)
    peers_.wake_another(context_);  // one wake-up may stand for several slots, or come too late for us
}

void Admission::push(Exchange& exchange) noexcept {
  exchange.queue_prev = tail_;
  exchange.queue_next = nullptr;
  (tail_ != nullptr ? tail_->queue_next : head_) = &exchange;
  tail_ = &exchange;
  waiting_.fetch_add(1, std::memory_order_seq_cst);
}

void Admission::unlink(Exchange& exchange) noexcept {
  (exchange.queue_prev != nullptr ? exchange.queue_prev->queue_next : head_) = exchange.queue_next;
  (exchange.queue_next != nullptr ? exchange.queue_next->queue_prev : tail_) = exchange.queue_prev;
  exchange.queue_prev = exchange.queue_next = nullptr;
  waiting_.fetch_sub(1, std::memory_order_seq_cst);
  context_.shared.queue.give();
}

}  // namespace holdfast::proxy
