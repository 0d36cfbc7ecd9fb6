#include "proxy/admission.h"

#include "proxy/boundary.h"

namespace holdfast::proxy {
namespace {

// Whoever is too slow is judged over three seconds at least, so a quarter of a second more matters to nobody.
constexpr Duration look_every = std::chrono::milliseconds(250);

// A quarter of the slots is out of reach for uploads that are still coming in. What they leave turns over at the speed
// of the app, whatever clients do.
constexpr std::uint32_t uploads_of(std::uint32_t slots) noexcept { return slots - slots / 4; }

}  // namespace

void AdmissionLine::push(Exchange& exchange) noexcept {
  exchange.place.line = this;
  exchange.place.prev = last_;
  exchange.place.next = nullptr;
  (last_ != nullptr ? last_->place.next : first_) = &exchange;
  last_ = &exchange;
}

void AdmissionLine::unlink(Exchange& exchange) noexcept {
  AdmissionPlace& place = exchange.place;
  (place.prev != nullptr ? place.prev->place.next : first_) = place.next;
  (place.next != nullptr ? place.next->place.prev : last_) = place.prev;
  place.prev = place.next = nullptr;
  place.line = nullptr;
}

Admission::~Admission() {
  if (waking_) context_.forget(*this);
}

// Between two workers one upload more may slip in; whoever finds it full waits, so nothing is lost by that.
bool Admission::uploads_are_full() const noexcept {
  return context_.shared.uploads.in_use() >= uploads_max_.load(std::memory_order_relaxed);
}

std::uint32_t Admission::waiting() const noexcept {
  const std::uint32_t ready = ready_waiting_.load(std::memory_order_seq_cst);
  const std::uint32_t uploads = uploads_waiting_.load(std::memory_order_seq_cst);
  return uploads == 0 || uploads_are_full() ? ready : ready + uploads;
}

// Who comes first of those who could use a slot.
Exchange* Admission::next() const noexcept {
  Exchange* const ready = ready_.first();
  Exchange* const upload = uploads_.first();
  if (upload == nullptr || uploads_are_full()) return ready;
  return ready == nullptr || upload->place.ticket < ready->place.ticket ? upload : ready;
}

bool Admission::take_slot(Exchange& exchange) noexcept {
  const policies::CountBound& bound = exchange.view().plan->listener.concurrency;
  if (!context_.shared.concurrency.try_take(bound.max)) {
    if (!bound.report) return false;
    context_.shared.concurrency.take();
    exchange.x().would_have(Reason::queue_full, bound.rule);
  }
  if (exchange.place.line != nullptr) unlink(exchange);
  if (exchange.place.uploading) context_.shared.uploads.take();
  held_.push(exchange);
  if (!look_.armed()) context_.deadlines.arm(look_, context_.now, look_every);
  return true;
}

Admission::Answer Admission::enter(Exchange& exchange) noexcept {
  const policies::CountBound& slots = exchange.view().plan->listener.concurrency;
  uploads_max_.store(slots.report ? UINT32_MAX : uploads_of(slots.max), std::memory_order_relaxed);
  exchange.place.uploading = exchange.awaits_content();
  const bool may_go = next() == nullptr && !(exchange.place.uploading && uploads_are_full());  // nobody is overtaken
  if (may_go && take_slot(exchange)) return Answer::admitted;
  const policies::CountBound& queue = exchange.view().plan->listener.queue;
  if (!context_.shared.queue.try_take(queue.max) && !displace_oldest_upload(queue.max)) {
    if (!queue.report) return Answer::full;
    exchange.x().would_have(Reason::queue_full, queue.rule);
    context_.shared.queue.take();
  }
  push(exchange);
  // A slot may have come free between the try above and the push that makes us visible to who frees it.
  return next() == &exchange && take_slot(exchange) ? Answer::admitted : Answer::queued;
}

// While slow uploads fill their share and the queue too, the queue is for the newest: a small request needs but a
// moment there until all of it has come.
bool Admission::displace_oldest_upload(std::uint32_t places) noexcept {
  if (uploads_.first() == nullptr || !uploads_are_full()) return false;
  Exchange& oldest = *uploads_.first();
  guarded(oldest, [&oldest] {
    oldest.refuse_as_queue_full();
    oldest.settle();
  });
  return context_.shared.queue.try_take(places);
}

void Admission::leave(Exchange& exchange) noexcept {
  held_.unlink(exchange);
  if (std::exchange(exchange.place.uploading, false)) context_.shared.uploads.give();
  context_.shared.concurrency.give();
  wake();
}

void Admission::leave_queue(Exchange& exchange) noexcept {
  const AdmissionLine* line = exchange.place.line;
  if (line == &ready_ || line == &uploads_) unlink(exchange);
}

// Whom that lets in is seen at the end of the turn: this exchange is at work.
void Admission::content_is_here(Exchange& exchange) noexcept {
  if (!exchange.place.uploading || exchange.place.line == nullptr) return;
  if (exchange.place.line == &uploads_) {
    uploads_.unlink(exchange);
    uploads_waiting_.fetch_sub(1, std::memory_order_seq_cst);
    exchange.place.uploading = false;
    exchange.place.ticket = ++tickets_;
    ready_.push(exchange);
    ready_waiting_.fetch_add(1, std::memory_order_seq_cst);
  } else {
    exchange.place.uploading = false;
    context_.shared.uploads.give();
  }
  if (std::exchange(waking_, true)) return;
  context_.later(*this);
}

void Admission::proceed() noexcept {
  waking_ = false;
  wake();
}

void Admission::wake() noexcept {
  if (admitting_) return;  // an exchange that ends as it is admitted: the loop below goes on with its slot
  admitting_ = true;
  Exchange* first = next();
  for (; first != nullptr && take_slot(*first); first = next()) {
    guarded(*first, [first] {
      first->on_admitted();
      first->settle();
    });
  }
  admitting_ = false;
  if (first == nullptr) peers_.wake_another(context_);  // one wake-up may stand for several slots, or come too late
}

// Somebody waits: those whose clients hold slots up make room, the longest admitted first.
void Admission::look() noexcept {
  const Slots& queue = context_.shared.queue;
  std::uint32_t needed = queue.in_use();
  for (Exchange* one = held_.first(); one != nullptr && needed > 0 && queue.in_use() > 0;) {
    Exchange* const after = one->place.next;
    guarded(*one, [one, &needed] {
      if (!one->make_room()) return;
      --needed;
      one->settle();
    });
    one = after;
  }
  if (held_.first() != nullptr) context_.deadlines.arm(look_, context_.now, look_every);
}

void Admission::push(Exchange& exchange) noexcept {
  exchange.place.ticket = ++tickets_;
  (exchange.place.uploading ? uploads_ : ready_).push(exchange);
  (exchange.place.uploading ? uploads_waiting_ : ready_waiting_).fetch_add(1, std::memory_order_seq_cst);
}

void Admission::unlink(Exchange& exchange) noexcept {
  exchange.place.line->unlink(exchange);
  (exchange.place.uploading ? uploads_waiting_ : ready_waiting_).fetch_sub(1, std::memory_order_seq_cst);
  context_.shared.queue.give();
}

}  // namespace holdfast::proxy
