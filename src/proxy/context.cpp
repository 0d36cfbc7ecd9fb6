#include "proxy/context.h"

#include <algorithm>
#include <utility>

#include "config/configuration.h"
#include "proxy/exchange.h"

namespace holdfast::proxy {
namespace {

constexpr std::size_t spare_exchanges_max = 256;  // more than these are freed: a burst must not hold memory for ever

}  // namespace

Snapshot::Snapshot() = default;
Snapshot::~Snapshot() = default;

void set_head_limits(View& view) noexcept {
  const policies::ListenerPlan& plan = view.plan->listener;
  const auto limit = [](const policies::SizeBound& bound, std::uint32_t ceiling) {
    if (bound.report) return ceiling;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(bound.max, ceiling));
  };
  view.request_limits.head_bytes = limit(plan.head_bytes, policies::head_bytes_ceiling);
  view.request_limits.fields = limit(plan.fields, policies::fields_ceiling);
  view.request_limits.target_bytes = limit(plan.target_bytes, policies::head_bytes_ceiling);
  view.response_limits.head_bytes = view.request_limits.head_bytes;
  view.response_limits.fields = view.request_limits.fields;
  view.response_limits.target_bytes = 0;
}

WorkerContext::WorkerContext(Shared& everywhere, policies::RequestIdSource id_source)
    : shared(everywhere), ids(id_source) {
  spare_.reserve(spare_exchanges_max);  // so that giving one back never needs memory
}

WorkerContext::~WorkerContext() { clear_graveyard(); }

void WorkerContext::bury(std::unique_ptr<Mortal> dead) noexcept {
  Mortal* last = dead.get();
  (last_dead_ == nullptr ? graveyard_ : last_dead_->next_dead_) = std::move(dead);
  last_dead_ = last;
}

void WorkerContext::later(Continuation& c) noexcept {
  c.next_continuation = nullptr;
  (last_continuation_ == nullptr ? continuations_ : last_continuation_->next_continuation) = &c;
  last_continuation_ = &c;
}

void WorkerContext::forget(Continuation& c) noexcept {
  Continuation* before = nullptr;
  for (Continuation* at = continuations_; at != nullptr; before = std::exchange(at, at->next_continuation)) {
    if (at != &c) continue;
    (before == nullptr ? continuations_ : before->next_continuation) = c.next_continuation;
    if (last_continuation_ == &c) last_continuation_ = before;
    return;
  }
}

std::unique_ptr<Exchange> WorkerContext::take_exchange() {
  if (spare_.empty()) return std::make_unique<Exchange>(*this);
  std::unique_ptr<Exchange> exchange = std::move(spare_.back());
  spare_.pop_back();
  return exchange;
}

// What the exchange refers to outside of itself is let go now; the rest is cleared when it begins again.
void WorkerContext::give_exchange(std::unique_ptr<Exchange> exchange) noexcept {
  exchange->rest();
  if (spare_.size() < spare_exchanges_max) {
    spare_.push_back(std::move(exchange));
    return;
  }
  bury(std::move(exchange));
}

void WorkerContext::begin_turn(TimePoint t, WallTime wall) noexcept {
  now = steady_base = t;
  wall_base = wall;
}

void WorkerContext::end_turn() {
  deadlines.expire(now);
  while (continuations_ != nullptr) {  // grows while it runs
    Continuation& next = *std::exchange(continuations_, continuations_->next_continuation);
    if (continuations_ == nullptr) last_continuation_ = nullptr;
    next.proceed();
  }
  const std::uint64_t in_use = blocks.in_use();
  if (in_use != block_bytes_told) {
    shared.block_bytes.fetch_add(in_use - block_bytes_told, std::memory_order_relaxed);
    block_bytes_told = in_use;
  }
  ++turn;
  clear_graveyard();
}

// One by one: a chain that frees itself would need a frame for each link.
void WorkerContext::clear_graveyard() noexcept {
  last_dead_ = nullptr;
  for (std::unique_ptr<Mortal> dead = std::move(graveyard_); dead;) dead = std::move(dead->next_dead_);
}

}  // namespace holdfast::proxy
