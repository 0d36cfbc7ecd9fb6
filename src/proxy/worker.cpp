#include "proxy/worker.h"

#include <pthread.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "core/death.h"

namespace holdfast::proxy {
namespace {

constexpr Duration beat_every = std::chrono::seconds(1);
constexpr Duration drain_beat_every = std::chrono::milliseconds(100);
constexpr Duration tell_pauses_every = std::chrono::seconds(10);  // they come ten times a second
constexpr Duration quiet_before_close =
    std::chrono::seconds(1);  // without a new connection the endpoint list has settled

std::uint64_t kernel_random() {
  std::uint64_t bits = 0;
  if (::getrandom(&bits, sizeof bits, 0) != sizeof bits) throw std::runtime_error("the kernel gives no random bytes");
  return bits;
}

}  // namespace

Worker::Worker(Shared& shared, AdmissionPeers& peers, WorkerTelemetry telemetry, const net::SocketAddress& app,
               std::string authority)
    : telemetry_(telemetry),
      context_(shared, policies::RequestIdSource(kernel_random(), kernel_random())),
      connector_(loop_, app),
      origin_(context_, connector_, std::move(authority)),
      admission_(context_, peers),
      front_(context_, {.origin = &origin_, .admission = &admission_}),
      beat_(&Worker::beat_due, this),
      seed_hi_(kernel_random()),
      seed_lo_(kernel_random()) {}

Worker::~Worker() { stop_and_join(); }

std::unique_ptr<View> Worker::make_view(SnapshotPtr snapshot) {
  policies::Services services{.rates = context_.shared.rates,
                              .loggers = telemetry_.loggers,
                              .lines = telemetry_.lines,
                              .metrics = telemetry_.metrics,
                              .cells = telemetry_.cells,
                              .rate_seed = context_.shared.key_seed.load(std::memory_order_relaxed),
                              .seed_hi = seed_hi_,
                              .seed_lo = seed_lo_};
  auto view = std::make_unique<View>();
  view->plan = snapshot->plan.get();
  view->pipeline = policies::build_pipeline(*snapshot->configuration, *snapshot->plan, services);
  view->snapshot = std::move(snapshot);
  set_head_limits(*view);
  return view;
}

void Worker::start(Fd listener, std::unique_ptr<View> view) {
  context_.begin_turn(steady_now(), wall_now());
  context_.view = ViewRef(std::move(view));
  listener_ = std::make_unique<net::Listener>(loop_, std::move(listener), *this);
  beat();
  thread_ = std::thread([this] {
    const SignalStack signal_stack;
    loop_.run(*this);
  });
  ::pthread_setname_np(thread_.native_handle(), "worker");  // in `top -H` and /proc
}

void Worker::use(std::unique_ptr<View> view) {
  loop_.post_work([this, fresh = std::move(view)]() mutable { context_.view = ViewRef(std::move(fresh)); });
}

void Worker::listen(Fd listener) {
  loop_.post_work([this, fd = std::move(listener)]() mutable {
    listener_ = std::make_unique<net::Listener>(loop_, std::move(fd), *this);
    context_.finishing = false;
    drained_.store(false, std::memory_order_release);
  });
}

void Worker::announce(bool draining) {
  loop_.post_work([this, draining] {
    context_.draining = draining;
    if (!draining) context_.finishing = false;
  });
}

void Worker::finish() {
  loop_.post_work([this] {
    context_.finishing = true;
    beat();
  });
}

void Worker::cut() {
  loop_.post_work([this] {
    if (listener_) listener_->close();
    cut_.fetch_add(front_.busy(), std::memory_order_relaxed);
    front_.cut_all();
    drain_step();
  });
}

void Worker::stop_and_join() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

void Worker::wake_admission() noexcept {
  if (!woken_.exchange(true, std::memory_order_acq_rel)) loop_.wake();
}

void Worker::turn_ends() noexcept {
  if (woken_.exchange(false, std::memory_order_acq_rel)) admission_.wake();
  context_.end_turn();
  telemetry_.lines.flush_if_due(context_.now);
}

std::optional<TimePoint> Worker::next_deadline() noexcept {
  const std::optional<TimePoint> next = context_.deadlines.next();
  const std::optional<TimePoint> lines = telemetry_.lines.due();
  if (!next || !lines) return next ? next : lines;
  return std::min(*next, *lines);
}

void Worker::on_accepted(Fd socket, const ClientAddress& peer) noexcept {
  try {
    front_.accept(net::tcp_transport(loop_, std::move(socket)), peer);
  } catch (...) {  // no memory for it: the connection closes
    telemetry_.loggers.write(telemetry::Area::http, telemetry::Level::error, "connection dropped: out of memory");
  }
}

void Worker::on_accept_paused(int error) noexcept {
  WorkerCounters::add(context_.counters.accept_pauses);
  if (context_.now < pause_told_again_) return;
  pause_told_again_ = context_.now + tell_pauses_every;
  telemetry_.loggers.write(telemetry::Area::http, telemetry::Level::warn, "accepting pauses: out of descriptors",
                           {{"errno", static_cast<std::uint64_t>(error)},
                            {"pauses", context_.counters.accept_pauses.load(std::memory_order_relaxed)}});
}

// Shows that the loop turns, and carries a drain forward.
void Worker::beat() noexcept {
  const TimePoint now = steady_now();
  const Duration lag = beat_expected_ == TimePoint{} ? Duration{} : std::max(now - beat_expected_, Duration{});
  context_.counters.beat_ns.store(static_cast<std::uint64_t>(now.time_since_epoch().count()),
                                  std::memory_order_relaxed);
  context_.counters.lag_ns.store(static_cast<std::uint64_t>(lag.count()), std::memory_order_relaxed);
  const Duration next = context_.finishing ? drain_beat_every : beat_every;
  beat_expected_ = now + next;
  context_.deadlines.arm(beat_, now, next);
  if (context_.finishing) drain_step();
}

void Worker::drain_step() {
  if (listener_ && listener_->open() && context_.now - listener_->last_accept() >= quiet_before_close)
    listener_->close();
  front_.close_idle();
  if (listener_ && !listener_->open() && front_.size() == 0) drained_.store(true, std::memory_order_release);
}

}  // namespace holdfast::proxy
