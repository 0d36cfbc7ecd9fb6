#include "proxy/context.h"

#include <algorithm>

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
    : shared(everywhere), ids(id_source) {}

WorkerContext::~WorkerContext() = default;

void WorkerContext::forget(Continuation& c) noexcept {
  std::replace(continuations_.begin(), continuations_.end(), &c, static_cast<Continuation*>(nullptr));
}

std::unique_ptr<Exchange> WorkerContext::take_exchange() {
  if (spare_.empty()) return std::make_unique<Exchange>(*this);
  std::unique_ptr<Exchange> exchange = std::move(spare_.back());
  spare_.pop_back();
  return exchange;
}

// What the exchange refers to outside of itself is let go now; the rest is cleared when it begins again.
void WorkerContext::give_exchange(std::unique_ptr<Exchange> exchange) {
  exchange->rest();
  if (spare_.size() < spare_exchanges_max) {
    spare_.push_back(std::move(exchange));
    return;
  }
  class Dead final : public Mortal {
   public:
    explicit Dead(std::unique_ptr<Exchange> e) : exchange_(std::move(e)) {}

   private:
    std::unique_ptr<Exchange> exchange_;
  };
  bury(std::make_unique<Dead>(std::move(exchange)));
}

void WorkerContext::begin_turn(TimePoint t, WallTime wall) noexcept {
  now = steady_base = t;
  wall_base = wall;
}

void WorkerContext::end_turn() {
  deadlines.expire(now);
  for (std::size_t i = 0; i < continuations_.size(); ++i) {  // grows while it runs
    if (continuations_[i] != nullptr) continuations_[i]->proceed();
  }
  continuations_.clear();
  const std::vector<std::unique_ptr<Mortal>> dead = std::exchange(graveyard_, {});
  const std::uint64_t in_use = blocks.in_use();
  if (in_use != block_bytes_told) {
    shared.block_bytes.fetch_add(in_use - block_bytes_told, std::memory_order_relaxed);
    block_bytes_told = in_use;
  }
  ++turn;
}

}  // namespace holdfast::proxy
