// context: what the connections and exchanges of one worker share.
//
// Everything here belongs to one thread, except `shared`, whose members may be used from any. The turn's end runs what
// was put off (continuations, then the graveyard), so no object dies under its own feet.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/blocks.h"
#include "core/clock.h"
#include "core/deadline.h"
#include "core/shared_limits.h"
#include "http/date.h"
#include "http/h1_parser.h"
#include "policies/plan.h"
#include "policies/policy.h"
#include "policies/request_id.h"

namespace holdfast::config {
struct Configuration;
}

namespace holdfast::proxy {

class Exchange;

// Dies at the end of the turn in which it is buried. Linked, not stored in a container: burying never needs memory.
class Mortal {
 public:
  Mortal() = default;
  Mortal(const Mortal&) = delete;
  Mortal& operator=(const Mortal&) = delete;
  virtual ~Mortal() = default;

 private:
  friend struct WorkerContext;
  std::unique_ptr<Mortal> next_dead_;
};

// Goes on at the end of the turn, on a fresh stack.
class Continuation {
 public:
  virtual void proceed() noexcept = 0;

  Continuation* next_continuation = nullptr;  // the worker's own

 protected:
  ~Continuation() = default;
};

// One loaded configuration; immutable, shared by all workers. The only shared_ptr of the program.
struct Snapshot {
  std::unique_ptr<const config::Configuration> configuration;
  std::unique_ptr<const policies::Plan> plan;
  Snapshot();
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

// What one worker makes of a snapshot. Exchanges keep the view they began with.
struct View {
  SnapshotPtr snapshot;
  const policies::Plan* plan = nullptr;
  std::unique_ptr<policies::Pipeline> pipeline;
  http::HeadLimits request_limits;
  http::HeadLimits response_limits;
  std::uint32_t users = 0;
};
// Limits that the parser enforces for this plan: the configured ones, or the ceilings under `report`.
void set_head_limits(View& view) noexcept;

class ViewRef {
 public:
  ViewRef() = default;
  explicit ViewRef(std::unique_ptr<View> view) noexcept : view_(view.release()) {
    if (view_ != nullptr) ++view_->users;
  }
  ViewRef(const ViewRef& other) noexcept : view_(other.view_) {
    if (view_ != nullptr) ++view_->users;
  }
  ViewRef(ViewRef&& other) noexcept : view_(std::exchange(other.view_, nullptr)) {}
  ViewRef& operator=(ViewRef other) noexcept {
    std::swap(view_, other.view_);
    return *this;
  }
  ~ViewRef() {
    if (view_ != nullptr && --view_->users == 0) const std::unique_ptr<View> last(view_);
  }
  const View* operator->() const noexcept { return view_; }
  const View& operator*() const noexcept { return *view_; }
  explicit operator bool() const noexcept { return view_ != nullptr; }

 private:
  View* view_ = nullptr;  // counted by View::users, a plain int: one thread
};

// Shared by all workers; every member may be used from any thread.
struct Shared {
  explicit Shared(std::uint32_t rate_keys_max) : rates(rate_keys_max) {}
  Slots connections;
  Slots concurrency;
  Slots uploads;  // of these: whose clients have content to send yet
  Slots queue;
  Slots lingering;
  ClientCounts clients;
  RateTable rates;
  std::atomic<std::uint64_t> next_connection{1};
  std::atomic<std::uint32_t> connections_ceiling{UINT32_MAX};  // descriptors: whatever the mode of limits
  std::atomic<std::uint64_t> block_bytes{0};                   // lent out by all workers, as of their last turns
  std::atomic<std::uint64_t> block_bytes_max{UINT64_MAX};      // above it new requests are shed: memory_pressure
  std::atomic<bool> memory_short{false};                       // the same, while others are in flight
  std::atomic<bool> app_has_accepted{false};                   // since we started
  std::atomic<std::uint64_t> key_seed{0x6f0e1d3c5b7a9f81U};    // for LimitKeys
};

// Counted by one worker, read by the control thread at a scrape.
struct WorkerCounters {
  using Count = std::atomic<std::uint64_t>;
  Count downstream_idle{0}, downstream_active{0}, downstream_lingering{0}, tunnels{0};
  Count upstream_idle{0}, upstream_active{0};
  Count connects_ok{0}, connects_refused{0}, connects_timeout{0}, connects_error{0};
  Count exchanges{0}, accept_pauses{0}, refused_connections{0}, would_refuse_connections{0};
  Count beat_ns{0};  // steady clock of the last turn
  Count lag_ns{0};   // the longest recent turn
  static void add(Count& c, std::int64_t n = 1) noexcept {
    c.store(c.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(n), std::memory_order_relaxed);
  }
};

struct WorkerContext {
  WorkerContext(Shared& everywhere, policies::RequestIdSource id_source);
  ~WorkerContext();
  WorkerContext(const WorkerContext&) = delete;
  WorkerContext& operator=(const WorkerContext&) = delete;

  Shared& shared;
  TimePoint now;
  WallTime wall_now_at(TimePoint moment) const noexcept { return wall_base + (moment - steady_base); }
  TimePoint steady_base;  // wall and steady clock read together once a turn that needs it
  WallTime wall_base;
  http::DateText date;
  BlockPool blocks;
  DeadlineQueue deadlines;
  policies::RequestIdSource ids;
  ViewRef view;            // the current one; exchanges hold their own
  std::uint64_t turn = 0;  // of the loop
  bool finishing = false;  // drain, second phase: connections end after their exchange
  bool draining = false;   // drain, either phase
  WorkerCounters counters;
  std::uint64_t block_bytes_told = 0;

  // Whether new requests must be shed. One at a time is always served: with nothing in flight, shedding frees nothing.
  bool memory_is_short() const noexcept {
    if (shared.memory_short.load(std::memory_order_relaxed) && shared.concurrency.in_use() > 0) return true;
    return shared.block_bytes.load(std::memory_order_relaxed) > shared.block_bytes_max.load(std::memory_order_relaxed);
  }
  void bury(std::unique_ptr<Mortal> dead) noexcept;
  void later(Continuation& c) noexcept;  // once per turn
  void forget(Continuation& c) noexcept;
  std::unique_ptr<Exchange> take_exchange();
  void give_exchange(std::unique_ptr<Exchange> exchange) noexcept;

  // Call when a turn begins and when it ends.
  void begin_turn(TimePoint t, WallTime wall) noexcept;
  void end_turn();

 private:
  void clear_graveyard() noexcept;

  std::unique_ptr<Mortal> graveyard_;
  Mortal* last_dead_ = nullptr;
  Continuation* continuations_ = nullptr;
  Continuation* last_continuation_ = nullptr;
  std::vector<std::unique_ptr<Exchange>> spare_;
};

}  // namespace holdfast::proxy
