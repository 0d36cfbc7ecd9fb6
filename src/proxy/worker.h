// worker: a thread with one event loop that serves the data listener.
//
// Workers share the snapshot, atomics and Shared; everything else is theirs alone. The control thread speaks to a
// worker by posting to its loop, and reads its counters.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "net/listener.h"
#include "net/loop.h"
#include "net/tcp.h"
#include "policies/catalog.h"
#include "proxy/admission.h"
#include "proxy/context.h"
#include "proxy/downstream.h"
#include "proxy/upstream.h"
#include "telemetry/line_blocks.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace holdfast::proxy {

// What a worker's policies write to.
struct WorkerTelemetry {
  telemetry::Loggers& loggers;
  telemetry::LogChannel& lines;
  telemetry::Registry& metrics;
  telemetry::Slab& cells;
};

class Worker final : public net::TurnUser, public net::AcceptUser {
 public:
  Worker(Shared& shared, AdmissionPeers& peers, WorkerTelemetry telemetry, const net::SocketAddress& app,
         std::string authority);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // --- control thread ---
  std::unique_ptr<View> make_view(SnapshotPtr snapshot);  // builds the pipeline; to be handed to use()
  void start(Fd listener, std::unique_ptr<View> view);
  void use(std::unique_ptr<View> view);  // from the next exchange on
  void listen(Fd listener);              // again, after a drain was undone
  void announce(bool draining);          // drain, first phase, or undone
  void finish();                         // drain, second phase
  void cut();                            // its end: whatever is left
  void stop_and_join();
  // Runs `work(front)` on the worker's thread.
  template <class Work>
  void with_front(Work work) {
    loop_.post_work([this, work = std::move(work)]() mutable { work(front_); });
  }

  // --- any thread ---
  const WorkerCounters& counters() const noexcept { return context_.counters; }
  const WorkerContext& context() const noexcept { return context_; }
  std::uint32_t waiting() const noexcept { return admission_.waiting(); }
  void wake_admission() noexcept;
  bool drained() const noexcept { return drained_.load(std::memory_order_acquire); }
  std::uint64_t cut_count() const noexcept { return cut_.load(std::memory_order_relaxed); }

  void time_passes(TimePoint now, WallTime wall) noexcept override { context_.begin_turn(now, wall); }
  void turn_ends() noexcept override;
  std::optional<TimePoint> next_deadline() noexcept override;
  void on_accepted(Fd socket, const ClientAddress& peer) noexcept override;
  void on_accept_paused(int error) noexcept override;

 private:
  void beat() noexcept;
  void drain_step();
  static void beat_due(void* self) { static_cast<Worker*>(self)->beat(); }

  WorkerTelemetry telemetry_;
  net::Loop loop_;
  WorkerContext context_;
  net::TcpConnector connector_;
  HttpOrigin origin_;
  Admission admission_;
  Front front_;
  std::unique_ptr<net::Listener> listener_;
  Deadline beat_;
  TimePoint beat_expected_{};
  TimePoint pause_told_again_{};
  std::uint64_t seed_hi_;
  std::uint64_t seed_lo_;
  std::atomic<bool> woken_{false};  // admission is to look at the end of this turn
  std::atomic<bool> drained_{false};
  std::atomic<std::uint64_t> cut_{0};
  std::thread thread_;
};

}  // namespace holdfast::proxy
