// Admission under real threads: exact for the process, and no slot idles while somebody waits.
//
// Each lane is a thread with a context, an admission and exchanges of its own, as a worker has; what they share is what
// workers share. The origin answers nothing, so an exchange holds its slot until its lane ends it.
#include "proxy/admission.h"

#include <array>
#include <random>
#include <thread>

#include "../support/scenario.h"
#include "proxy/exchange.h"

namespace holdfast::proxy {
namespace {

constexpr std::uint32_t slots = 3;
constexpr int runs = 100;  // short ones: a wake-up that was lost shows only where nothing happens any more
constexpr int exchanges_per_lane = 40;
constexpr int rounds_max = 3'000'000;  // far more than are needed: a lane that comes here was forgotten

class NobodyListens final : public ClientStream {
 public:
  void send_interim(const http::ResponseHead&) override {}
  void send_response(const policies::Exchange&, ContentShape, bool) override {}
  void send_local(policies::Exchange&, http::LocalReply) override {}
  void send_content(Content) override {}
  void send_end(std::string_view) override {}
  Outbox::Flushed flush() override { return Outbox::Flushed::all; }
  std::size_t unsent() const noexcept override { return 0; }
  std::size_t unread() const noexcept override { return 0; }
  std::size_t undelivered() const noexcept override { return 0; }
  void want_content(bool) override {}
  void become_tunnel() override {}
  bool may_keep_alive() const noexcept override { return true; }
  void exchange_over(Ending) noexcept override {}
};

struct Watched {
  std::atomic<std::uint32_t> inside{0};
  std::atomic<std::uint32_t> most{0};
  void enter() noexcept {
    const std::uint32_t now = inside.fetch_add(1) + 1;
    std::uint32_t before = most.load();
    while (before < now && !most.compare_exchange_weak(before, now)) {
    }
  }
};

class Lane final : public Origin {
 public:
  Lane(Shared& shared, AdmissionPeers& peers, Watched& watched, const View& like, unsigned number)
      : context_(shared, policies::RequestIdSource(number + 1, 7)),
        admission_(context_, peers),
        watched_(watched),
        random_(number) {
    auto view = std::make_unique<View>();
    view->snapshot = like.snapshot;
    view->plan = like.plan;
    view->pipeline = std::make_unique<policies::Pipeline>();
    set_head_limits(*view);
    context_.begin_turn(TimePoint(std::chrono::hours(1000)), {});
    context_.view = ViewRef(std::move(view));
  }

  // Until every exchange has begun and ended; in the first half clients leave queues too. False when somebody waited
  // for ever.
  bool run() {
    for (int round = 0; round < rounds_max; ++round) {
      if (woken.exchange(false, std::memory_order_acq_rel)) admission_.wake();
      if (begun_ < exchanges_per_lane && (random_() % 3 != 0 || open_.empty()) && open_.size() < 8) begin_one();
      if (!admitted_.empty() && random_() % 2 == 0) end_one(admitted_[random_() % admitted_.size()]);
      const bool may_leave = begun_ < exchanges_per_lane / 2 && !open_.empty();
      if (may_leave && random_() % 8 == 0) end_one(open_[random_() % open_.size()].get());
      context_.end_turn();
      if (begun_ == exchanges_per_lane && open_.empty()) return true;
      if (admitted_.empty()) std::this_thread::yield();
    }
    return false;
  }

  std::uint32_t waiting() const noexcept { return admission_.waiting(); }
  const WorkerContext& context() const noexcept { return context_; }
  int served() const noexcept { return served_; }

  Lease acquire(Exchange& exchange, bool) override {
    watched_.enter();
    admitted_.push_back(&exchange);
    ++served_;
    return {};
  }
  void give_up(Exchange&) noexcept override {}

  std::atomic<bool> woken{false};

 private:
  void begin_one() {
    ++begun_;
    open_.push_back(context_.take_exchange());
    Exchange& exchange = *open_.back();
    exchange.begin(client_, {.origin = this, .admission = &admission_}, context_.view, facts_);
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    REQUIRE(exchange.parser.parse(head.data(), head.size(), exchange.x().request) == http::Progress::done);
    exchange.on_request_head();
    exchange.settle();
  }
  void end_one(Exchange* exchange) {
    if (std::erase(admitted_, exchange) != 0) watched_.inside.fetch_sub(1);
    exchange->on_downstream_lost();
    const auto found = std::find_if(open_.begin(), open_.end(), [&](const auto& e) { return e.get() == exchange; });
    context_.give_exchange(std::move(*found));
    open_.erase(found);
  }

  WorkerContext context_;
  Admission admission_;
  Watched& watched_;
  std::mt19937 random_;
  NobodyListens client_;
  policies::ConnectionFacts facts_;
  std::vector<std::unique_ptr<Exchange>> open_;
  std::vector<Exchange*> admitted_;
  int begun_ = 0;
  int served_ = 0;
};

// Serves the first; the others find no memory, so each ends while it is being admitted.
class RunsOut final : public Origin {
 public:
  Lease acquire(Exchange&, bool) override {
    if (std::exchange(serves_, false)) return {};
    const auto at = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    if (refused_++ == 0) first_at_ = at;
    deepest_ = std::max(deepest_, std::max(at, first_at_) - std::min(at, first_at_));
    throw std::bad_alloc();
  }
  void give_up(Exchange&) noexcept override {}
  std::size_t refused() const noexcept { return refused_; }
  std::uintptr_t deepest() const noexcept { return deepest_; }  // stack bytes between the first and any other

 private:
  bool serves_ = true;
  std::size_t refused_ = 0;
  std::uintptr_t first_at_ = 0;
  std::uintptr_t deepest_ = 0;
};

struct NobodyElse final : AdmissionPeers {
  void wake_another(const WorkerContext&) noexcept override {}
};

// Posts as the server does: one wake-up under way per lane.
struct Lanes final : AdmissionPeers {
  void wake_another(const WorkerContext& not_me) noexcept override {
    for (const auto& lane : lanes) {
      if (&lane->context() == &not_me || lane->waiting() == 0) continue;
      lane->woken.store(true, std::memory_order_release);
      return;
    }
  }
  std::vector<std::unique_ptr<Lane>> lanes;
};

// Four threads until all is quiet; how many were at the app at once.
std::uint32_t most_at_once(const View& like, unsigned seed) {
  Shared shared(100);
  Watched watched;
  Lanes peers;
  peers.lanes.reserve(4);
  for (unsigned i = 0; i < 4; ++i) {
    peers.lanes.push_back(std::make_unique<Lane>(shared, peers, watched, like, 4 * seed + i));
  }
  std::array<bool, 4> done{};
  std::vector<std::thread> threads;
  threads.reserve(done.size());
  for (std::size_t i = 0; i < done.size(); ++i) {
    threads.emplace_back([&peers, &done, i] { done[i] = peers.lanes[i]->run(); });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < done.size(); ++i) {
    CHECK(done[i]);
    CHECK(peers.lanes[i]->waiting() == 0);
    CHECK(peers.lanes[i]->served() >= exchanges_per_lane / 2);
  }
  CHECK(watched.inside.load() == 0);
  CHECK(shared.concurrency.in_use() == 0);
  CHECK(shared.queue.in_use() == 0);
  CHECK(shared.uploads.in_use() == 0);
  return watched.most.load();
}

}  // namespace

TEST_CASE("admission: four threads never use more than the slots, and nobody is forgotten in a queue") {
  testing::Scenario s({.policies = "  limits: {concurrency: " + std::to_string(slots) + ", queue: 1000}"});
  std::uint32_t most = 0;
  for (unsigned run = 0; run < runs; ++run) {
    CAPTURE(run);
    const ViewRef& view = s.context().view;
    REQUIRE(view);
    most = std::max(most, most_at_once(*view, run));
    REQUIRE(most <= slots);
  }
  CHECK(most == slots);
}

TEST_CASE("admission: a long queue whose exchanges end as they are admitted needs no stack for each") {
  constexpr std::size_t queued = 1500;  // as many lines as the log takes at once
  testing::Scenario s({.policies = "  limits: {concurrency: 1, queue: " + std::to_string(queued) + "}"});
  NobodyElse nobody_else;
  RunsOut origin;
  NobodyListens client;
  policies::ConnectionFacts facts;
  WorkerContext& context = s.context();
  Admission admission(context, nobody_else);
  std::vector<std::unique_ptr<Exchange>> all;
  all.reserve(queued + 1);
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t i = 0; i <= queued; ++i) {
    Exchange& exchange = *all.emplace_back(std::make_unique<Exchange>(context));
    exchange.begin(client, {.origin = &origin, .admission = &admission}, context.view, facts);
    REQUIRE(exchange.parser.parse(head.data(), head.size(), exchange.x().request) == http::Progress::done);
    exchange.on_request_head();
  }
  CHECK(admission.waiting() == queued);
  all.front()->on_downstream_lost();
  CHECK(origin.refused() == queued);
  CHECK(origin.deepest() == 0);
  CHECK(admission.waiting() == 0);
  CHECK(s.shared().concurrency.in_use() == 0);
  for (auto& exchange : all) exchange->rest();
}

}  // namespace holdfast::proxy
