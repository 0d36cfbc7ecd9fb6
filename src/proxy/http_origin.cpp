// The app's connection pool and the dialling of new connections.
#include <algorithm>
#include <cerrno>

#include "proxy/boundary.h"
#include "proxy/upstream.h"

namespace holdfast::proxy {
namespace {

// A request that must not be sent twice takes only a connection that the app has hardly had time to close.
constexpr Duration fresh_enough = std::chrono::milliseconds(500);

}  // namespace

class HttpOrigin::Attempt final : public net::DialUser, public Mortal {
 public:
  Attempt(HttpOrigin& origin, Exchange& waiting) : origin_(origin), exchange_(&waiting) {}
  void on_connected(std::unique_ptr<net::Transport> transport) noexcept override {
    if (exchange_ == nullptr) return;  // given up earlier in this turn
    guarded(*exchange_, [&] { origin_.connected(*this, std::move(transport)); });
  }
  void on_dial_failed(int error) noexcept override {
    if (exchange_ == nullptr) return;
    guarded(*exchange_, [&] { origin_.dial_failed(*this, error); });
  }

 private:
  friend class HttpOrigin;
  HttpOrigin& origin_;
  Exchange* exchange_;  // null once it has ended or was given up
  std::unique_ptr<net::Dial> dial_;
};

HttpOrigin::HttpOrigin(WorkerContext& context, net::Connector& connector, std::string authority)
    : context_(context), connector_(connector), authority_(std::move(authority)) {}

HttpOrigin::~HttpOrigin() = default;

Lease HttpOrigin::acquire(Exchange& exchange, bool fresh) {
  if (!fresh) {
    if (Upstream* upstream = take_idle(exchange)) {
      WorkerCounters::add(context_.counters.upstream_active);
      upstream->serve(exchange);
      return Lease(*upstream);
    }
  }
  auto attempt = std::make_unique<Attempt>(*this, exchange);
  attempt->dial_ = connector_.dial(*attempt);
  attempts_.push_back(std::move(attempt));
  exchange.origin_wait = attempts_.back().get();
  return {};
}

void HttpOrigin::give_up(Exchange& exchange) noexcept {
  for (const auto& attempt : attempts_) {
    if (attempt->exchange_ != &exchange) continue;
    WorkerCounters::add(context_.counters.connects_timeout);
    context_.bury(end_attempt(*attempt));
    return;
  }
}

Upstream* HttpOrigin::take_idle(const Exchange& exchange) noexcept {
  const bool repeatable =
      http::idempotent(exchange.x().request.method) && exchange.x().request.framing == http::Framing::none;
  while (!idle_.empty()) {
    Upstream& newest = *idle_.back();
    if (!repeatable) {
      if (context_.now - newest.idle_since_ >= fresh_enough) return nullptr;
      if (newest.transport_->readable_now()) {  // its end, or bytes nobody asked for
        newest.close();
        continue;
      }
    }
    idle_.pop_back();
    WorkerCounters::add(context_.counters.upstream_idle, -1);
    return &newest;
  }
  return nullptr;
}

void HttpOrigin::put_idle(Upstream& upstream) noexcept {
  Duration keep = context_.view->plan->listener.upstream_idle.after;
  if (upstream.keep_alive_timeout_ > 0) {
    keep = std::min<Duration>(keep, std::chrono::seconds(upstream.keep_alive_timeout_ - 1));
  }
  WorkerCounters::add(context_.counters.upstream_active, -1);
  WorkerCounters::add(context_.counters.upstream_idle);
  idle_.push_back(&upstream);
  if (keep <= Duration{}) return upstream.close();
  upstream.idle_since_ = context_.now;
  context_.deadlines.arm(upstream.idle_, context_.now, keep);
}

void HttpOrigin::close_idle() noexcept {
  while (!idle_.empty()) idle_.back()->close();
}

void HttpOrigin::remove(Upstream& upstream) noexcept {
  const auto idle = std::find(idle_.begin(), idle_.end(), &upstream);
  WorkerCounters::add(idle != idle_.end() ? context_.counters.upstream_idle : context_.counters.upstream_active, -1);
  if (idle != idle_.end()) idle_.erase(idle);
  const std::uint32_t index = upstream.index_;
  std::unique_ptr<Upstream> dead = std::move(connections_[index]);
  if (index + 1 != connections_.size()) {
    connections_[index] = std::move(connections_.back());
    connections_[index]->index_ = index;
  }
  connections_.pop_back();
  context_.bury(std::move(dead));
}

void HttpOrigin::connected(Attempt& attempt, std::unique_ptr<net::Transport> transport) {
  Exchange& exchange = *attempt.exchange_;
  context_.bury(end_attempt(attempt));
  context_.shared.app_has_accepted.store(true, std::memory_order_relaxed);
  WorkerCounters::add(context_.counters.connects_ok);
  if (connections_.size() == connections_.capacity()) {  // from here on nothing needs memory, nor does put_idle
    idle_.reserve(2 * connections_.size() + 8);
    connections_.reserve(2 * connections_.size() + 8);
  }
  auto upstream = std::make_unique<Upstream>(*this, std::move(transport));
  Upstream& raw = *upstream;
  raw.id_ = next_id_++;
  raw.index_ = static_cast<std::uint32_t>(connections_.size());
  connections_.push_back(std::move(upstream));
  WorkerCounters::add(context_.counters.upstream_active);
  raw.serve(exchange);
  exchange.on_origin_ready(Lease(raw));
  exchange.settle();
}

void HttpOrigin::dial_failed(Attempt& attempt, int error) {
  Exchange& exchange = *attempt.exchange_;
  context_.bury(end_attempt(attempt));
  WorkerCounters::add(error == ECONNREFUSED ? context_.counters.connects_refused : context_.counters.connects_error);
  exchange.on_origin_failed(error);
  exchange.settle();
}

std::unique_ptr<HttpOrigin::Attempt> HttpOrigin::end_attempt(Attempt& attempt) noexcept {
  std::exchange(attempt.exchange_, nullptr)->origin_wait = nullptr;
  const auto found =
      std::find_if(attempts_.begin(), attempts_.end(), [&](const auto& a) { return a.get() == &attempt; });
  std::unique_ptr<Attempt> ended = std::move(*found);
  *found = std::move(attempts_.back());
  attempts_.pop_back();
  return ended;
}

}  // namespace holdfast::proxy
