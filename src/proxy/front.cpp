// The connections of one listener on one worker: accepting under limits, drain, and the list for /connections.
#include <algorithm>
#include <optional>

#include "proxy/downstream.h"

namespace holdfast::proxy {
namespace {

// Connections beyond a limit that are answered with 503 instead of a reset; more than these would be a second limit
// without a bound. Those of one client are counted per worker: they must not take the place of other clients.
constexpr std::uint32_t refused_politely = 32;
constexpr std::uint32_t lingering_max = 256;

LimitKey key_of(const Shared& shared, const ClientAddress& peer) noexcept {
  const std::string_view identity = peer.identity();
  return limit_key(shared.key_seed.load(std::memory_order_relaxed), identity.data(), identity.size());
}

// What a connection takes up in the limits of the process; given back unless the connection comes to be.
class Places {
 public:
  explicit Places(Shared& shared) noexcept : shared_(shared) {}
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;
  ~Places() {
    if (connection_) shared_.connections.give();
    if (client_) shared_.clients.give(*client_);
  }
  void holds_connection() noexcept { connection_ = true; }
  bool try_take(LimitKey client, std::uint32_t max) {
    if (shared_.clients.try_take(client, max)) client_ = client;
    return client_.has_value();
  }
  void keep() noexcept {
    connection_ = false;
    client_.reset();
  }

 private:
  Shared& shared_;
  bool connection_ = false;
  std::optional<LimitKey> client_;
};

}  // namespace

Front::Front(WorkerContext& context, Destination to, ViewRef own_view)
    : context_(context), to_(to), own_view_(std::move(own_view)) {
  lingering_.reserve(lingering_max + 1);  // an exchange that ends needs no memory
}

Front::~Front() = default;

void Front::accept(std::unique_ptr<net::Transport> transport, const ClientAddress& peer) {
  if (!data()) {
    const std::uint32_t max = view()->plan->listener.connections.max;
    if (connections_.size() >= max) close_one_idle();
    if (connections_.size() >= max) return;  // all busy; they end within their own bounds
    return add(std::move(transport), peer, {.reason = Reason::ok}, false);
  }
  const policies::ListenerPlan& limits = view()->plan->listener;
  Shared& shared = context_.shared;
  if (shared.connections.in_use() >= shared.connections_ceiling.load(std::memory_order_relaxed)) {
    WorkerCounters::add(context_.counters.refused_connections);
    return transport->reset_on_close();
  }
  Error refusal{.reason = Reason::ok};
  Places places(shared);
  if (!shared.connections.try_take(limits.connections.max)) {
    const bool report = limits.connections.report;
    WorkerCounters::add(report ? context_.counters.would_refuse_connections : context_.counters.refused_connections);
    if (!report && shared.connections.in_use() >= limits.connections.max + refused_politely) {
      return transport->reset_on_close();
    }
    shared.connections.take();
    if (!report)
      refusal = {
          .reason = Reason::too_many_connections, .rule = limits.connections.rule, .limit = limits.connections.max};
  }
  places.holds_connection();
  const policies::CountBound& per_client = limits.connections_per_client;
  const bool bounded = per_client.max != UINT32_MAX;
  const bool client_counted = bounded && places.try_take(key_of(shared, peer), per_client.max);
  const bool over = bounded && !client_counted && refusal.reason == Reason::ok;
  if (over && per_client.report) WorkerCounters::add(context_.counters.would_refuse_connections);
  if (over && !per_client.report) {
    WorkerCounters::add(context_.counters.refused_connections);
    if (refused_ >= refused_politely) return transport->reset_on_close();
    refusal = {.reason = Reason::too_many_connections, .rule = per_client.rule, .limit = per_client.max};
  }
  add(std::move(transport), peer, refusal, client_counted);
  places.keep();
}

// Full: whoever has only kept a connection open for longest makes room. Looks at all: local listeners have a few
// hundred.
void Front::close_one_idle() noexcept {
  Downstream* longest = nullptr;
  for (const auto& one : connections_) {
    if (one->idle() && (longest == nullptr || one->idle_since_ < longest->idle_since_)) longest = one.get();
  }
  if (longest != nullptr) longest->close();
}

void Front::add(std::unique_ptr<net::Transport> transport, const ClientAddress& peer, const Error& refusal,
                bool client_counted) {
  if (connections_.size() == connections_.capacity()) connections_.reserve(2 * connections_.size() + 16);
  auto connection = std::make_unique<Downstream>(*this, std::move(transport), peer, refusal);
  connection->counted_ = data();
  connection->client_counted_ = client_counted;
  connection->refused_ = refusal.reason != Reason::ok;
  if (connection->refused_) ++refused_;
  connection->index_ = static_cast<std::uint32_t>(connections_.size());
  connections_.push_back(std::move(connection));
}

void Front::remove(Downstream& connection) noexcept {
  if (connection.refused_) --refused_;
  if (connection.counted_) context_.shared.connections.give();
  if (connection.client_counted_) context_.shared.clients.give(key_of(context_.shared, connection.facts_.peer));
  const auto lingering = std::find(lingering_.begin(), lingering_.end(), &connection);
  if (lingering != lingering_.end()) {
    lingering_.erase(lingering);
    context_.shared.lingering.give();
  }
  const std::uint32_t index = connection.index_;
  std::unique_ptr<Downstream> dead = std::move(connections_[index]);
  if (index + 1 != connections_.size()) {
    connections_[index] = std::move(connections_.back());
    connections_[index]->index_ = index;
  }
  connections_.pop_back();
  context_.bury(std::move(dead));
}

void Front::began_lingering(Downstream& connection) noexcept {
  lingering_.push_back(&connection);
  context_.shared.lingering.take();
  if (context_.shared.lingering.in_use() > lingering_max) lingering_.front()->close();
}

void Front::close_idle() noexcept {
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (i < connections_.size()) connections_[i]->close_if_idle();
  }
}

void Front::cut_all() noexcept {
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (i < connections_.size()) connections_[i]->cut();
  }
}

std::size_t Front::busy() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(connections_.begin(), connections_.end(), [](const auto& c) { return !c->idle(); }));
}

void Front::describe(std::string& out, std::size_t max) const {
  for (std::size_t i = 0; i < connections_.size() && i < max; ++i) connections_[i]->describe(out);
}

void Downstream::describe(std::string& out) const {
  std::string_view word = exchange_ ? exchange_->state_word() : state_ == State::lingering ? "lingering" : "idle";
  if (exchange_ && exchange_->tunnel()) word = "tunnel";
  out.append("{\"id\":").append(std::to_string(facts_.id)).append(",\"client\":\"").append(facts_.peer.view());
  out.append("\",\"requests\":").append(std::to_string(facts_.requests)).append(",\"state\":\"").append(word);
  if (exchange_) out.append("\",\"request_id\":\"").append(exchange_->x().id());
  out.append("\"}\n");
}

}  // namespace holdfast::proxy
