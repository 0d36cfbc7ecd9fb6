// server: the process. Loads and checks everything, then binds, starts the workers and runs the control loop until
// drained.
//
// The control thread owns configuration, reload, drain, the health check and the telemetry and admin listeners; the
// data path never waits for it. Everything here runs on that thread unless said otherwise.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/loader.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/signals.h"
#include "proxy/app_probe.h"
#include "proxy/bypass.h"
#include "proxy/context.h"
#include "proxy/drain.h"
#include "proxy/health.h"
#include "proxy/loop_watch.h"
#include "proxy/memory_watch.h"
#include "proxy/watch.h"
#include "proxy/worker.h"
#include "telemetry/log.h"
#include "telemetry/log_writer.h"
#include "telemetry/metrics.h"

namespace holdfast::proxy {

struct ServerOptions {
  config::Sources sources;
  config::Environment environment;
  std::string drain_token;  // HOLDFAST_DRAIN_TOKEN; empty: no hook
  std::string log_levels;   // HOLDFAST_LOG
  bool no_color = false;    // NO_COLOR
  std::string version;
  std::string commit;
  std::vector<AppProbeSpec> app_probes;  // --app-probes: GET /app-probe/<name>
};

enum class ServerEnd : std::uint8_t { drained, interrupted, cannot_bind };

class Server final : public net::TurnUser,
                     public net::SignalUser,
                     public AdmissionPeers,
                     public DrainUser,
                     public WatchUser,
                     public HealthUser {
 public:
  Server(ServerOptions options, config::Configuration configuration);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds every address, then serves. `cannot_bind`: problem() says which and why, nothing was served.
  ServerEnd run();
  const std::string& problem() const noexcept { return problem_; }

  // For the telemetry and admin handlers.
  const Snapshot& snapshot() const noexcept { return *snapshot_; }
  const std::vector<std::unique_ptr<Worker>>& workers() const noexcept { return workers_; }
  net::Loop& loop() noexcept { return loop_; }
  Shared& shared() noexcept { return *shared_; }
  Drain& drain() noexcept { return *drain_; }
  const Health& health() const noexcept { return *health_; }
  const Bypass& bypass() const noexcept { return *bypass_; }
  AppProbe* app_probe(std::string_view name) noexcept;  // null: there is none of that name
  telemetry::Loggers& loggers() noexcept { return loggers_; }
  telemetry::LogWriter& writer() noexcept { return writer_; }
  telemetry::Registry& registry() noexcept { return registry_; }
  const ServerOptions& options() const noexcept { return options_; }
  TimePoint now() const noexcept { return context_.now; }
  const LoopWatch& loops() const noexcept { return *loops_; }
  bool reload() noexcept;  // false: faults were logged and the old configuration stays
  bool try_reload();

  void wake_another(const WorkerContext& not_me) noexcept override;  // any worker's thread
  void time_passes(TimePoint now, WallTime wall) noexcept override { context_.begin_turn(now, wall); }
  void turn_ends() noexcept override;
  std::optional<TimePoint> next_deadline() noexcept override { return context_.deadlines.next(); }
  void on_signal(int number) noexcept override;
  void on_files_changed() noexcept override;
  void on_health_changed(bool healthy, const char* why) override;
  void drain_announce(bool draining) override;
  void drain_finish() override;
  void drain_cut() override;
  void drain_undo() override;
  std::uint64_t drain_cut_count() override;
  bool drain_complete() override;
  void drain_over(const DrainReport& report) override;

 private:
  class Local;

  bool bind_all();
  bool bind(const config::Address& address, std::size_t count, std::string_view name, net::BoundSockets& bound);
  void prepare_shared();
  void make_workers();
  void start_workers();
  void tell_listening();
  void use_snapshot(SnapshotPtr snapshot, bool first);
  void publish_limits();
  void log_faults(const std::vector<config::Fault>& faults);
  bool needs_restart(const config::Configuration& next);
  void log_changes(const config::Configuration& next);
  void last_words(const DrainReport& report);

  ServerOptions options_;
  std::string problem_;
  SnapshotPtr snapshot_;
  telemetry::LogWriter writer_;
  telemetry::Loggers loggers_;
  telemetry::Registry registry_;
  std::unique_ptr<Shared> shared_;
  net::Loop loop_;
  WorkerContext context_;
  std::vector<std::unique_ptr<Worker>> workers_;
  net::SocketAddress app_;
  net::BoundSockets data_;
  net::BoundSockets telemetry_;
  net::BoundSockets admin_;
  std::unique_ptr<Drain> drain_;
  std::unique_ptr<Health> health_;
  std::unique_ptr<Watch> watch_;
  std::unique_ptr<Bypass> bypass_;
  std::unique_ptr<LoopWatch> loops_;
  KernelMemory memory_;
  MemoryWatch memory_watch_;
  std::unique_ptr<Local> local_;
  std::unique_ptr<net::Signals> signals_;
  std::unique_ptr<net::TcpConnector> health_connector_;
  std::vector<std::unique_ptr<AppProbe>> app_probes_;
  bool exit_when_drained_ = false;
  bool interrupted_ = false;
};

}  // namespace holdfast::proxy
