// Start, run, and what the control loop does between: health, signals, drain. Reload is in server_reload.cpp.
#include "proxy/server.h"

#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <random>
#include <system_error>

#include "core/code_pages.h"
#include "policies/catalog.h"
#include "proxy/app_address.h"
#include "proxy/binding.h"
#include "proxy/cpus.h"
#include "proxy/handlers.h"

namespace holdfast::proxy {
namespace {

using telemetry::Area;
using telemetry::Level;

constexpr const char* termination_log = "/dev/termination-log";

telemetry::LogOptions log_options(const ServerOptions& options, const config::Platform& platform,
                                  std::size_t producers) {
  telemetry::LogOptions log;
  log.producers = producers;
  log.no_color = options.no_color;
  log.service = platform.service;
  switch (platform.log_format) {
    case config::LogFormat::automatic: log.format = telemetry::LogFormat::automatic; break;
    case config::LogFormat::json: log.format = telemetry::LogFormat::json; break;
    case config::LogFormat::pretty: log.format = telemetry::LogFormat::pretty; break;
  }
  return log;
}

std::size_t worker_count(const config::Platform& platform) {
  return platform.workers ? *platform.workers : granted_cpus();
}

SnapshotPtr make_snapshot(config::Configuration configuration) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->configuration = std::make_unique<config::Configuration>(std::move(configuration));
  snapshot->plan = policies::build_plan(*snapshot->configuration);
  return snapshot;
}

}  // namespace

// The telemetry and admin listeners on the control loop: own view, own limits, no policies.
class Server::Local {
 public:
  explicit Local(Server& server)
      : telemetry_handler_(server),
        admin_handler_(server),
        telemetry_origin_(server.context_, telemetry_handler_),
        admin_origin_(server.context_, admin_handler_),
        telemetry_front_(server.context_, {.origin = &telemetry_origin_}, make_view()),
        admin_front_(server.context_, {.origin = &admin_origin_}, make_view()),
        telemetry_gate_(telemetry_front_, server),
        admin_gate_(admin_front_, server),
        telemetry_listener_(server.loop_, std::move(server.telemetry_.sockets.front()), telemetry_gate_),
        admin_listener_(server.loop_, std::move(server.admin_.sockets.front()), admin_gate_) {
    keep_reserve();
  }

  // Probes and metrics are answered out of descriptors, too.
  void keep_reserve() noexcept {
    telemetry_listener_.keep_reserve();
    admin_listener_.keep_reserve();
  }

 private:
  class Gate final : public net::AcceptUser {
   public:
    Gate(Front& front, Server& server) noexcept : front_(front), loop_(server.loop_), loggers_(server.loggers_) {}
    void on_accepted(Fd socket, const ClientAddress& peer) noexcept override {
      try {
        front_.accept(net::tcp_transport(loop_, std::move(socket)), peer);
      } catch (...) {  // no memory for it: the connection closes
        loggers_.write(Area::telemetry, Level::error, "connection dropped: out of memory");
      }
    }
    void on_accept_paused(int) noexcept override {}  // a worker's pause says it, or the next one does

   private:
    Front& front_;
    net::Loop& loop_;
    telemetry::Loggers& loggers_;
  };

  static ViewRef make_view() {
    auto plan = std::make_unique<policies::Plan>();
    policies::ListenerPlan& listener = plan->listener;
    listener.client_headers.after = std::chrono::seconds(5);
    listener.client_idle.after = std::chrono::seconds(15);
    listener.head_bytes.max = 16U << 10U;
    listener.fields.max = 64;
    listener.target_bytes.max = 8U << 10U;
    listener.connections.max = 256;
    listener.request_id_header.clear();
    policies::RoutePlan route;
    route.name = "local";
    route.body.max = 64U << 10U;
    route.client_body_idle.after = std::chrono::seconds(5);
    route.stream_idle.after = std::chrono::seconds(10);
    route.replace_5xx = false;
    route.strip = false;
    plan->routes.push_back(std::move(route));
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->plan = std::move(plan);
    auto view = std::make_unique<View>();
    view->plan = snapshot->plan.get();
    view->pipeline = std::make_unique<policies::Pipeline>();
    view->snapshot = std::move(snapshot);
    set_head_limits(*view);
    return ViewRef(std::move(view));
  }

  TelemetryHandler telemetry_handler_;
  AdminHandler admin_handler_;
  LocalOrigin telemetry_origin_;
  LocalOrigin admin_origin_;
  Front telemetry_front_;
  Front admin_front_;
  Gate telemetry_gate_;
  Gate admin_gate_;
  net::Listener telemetry_listener_;
  net::Listener admin_listener_;
};

Server::Server(ServerOptions options, config::Configuration configuration)
    : options_(std::move(options)),
      snapshot_(make_snapshot(std::move(configuration))),
      writer_(
          log_options(options_, snapshot_->configuration->platform, worker_count(snapshot_->configuration->platform))),
      loggers_(writer_),
      registry_(worker_count(snapshot_->configuration->platform), snapshot_->plan->listener.series_max),
      shared_(std::make_unique<Shared>(snapshot_->plan->listener.rate_keys_max)),
      context_(*shared_, policies::RequestIdSource(1, 1)),
      memory_(options_.environment.memory_cgroup),
      memory_watch_(context_, memory_, loggers_) {
  context_.begin_turn(steady_now(), wall_now());
}

Server::~Server() = default;

ServerEnd Server::run() {
  writer_.start();
  if (!bind_all()) {
    writer_.stop();
    return ServerEnd::cannot_bind;
  }
  prepare_shared();
  make_workers();
  drain_ = std::make_unique<Drain>(context_, *this);
  const config::Platform& platform = snapshot_->configuration->platform;
  health_connector_ = std::make_unique<net::TcpConnector>(loop_, app_);
  health_ =
      std::make_unique<Health>(context_, *health_connector_, platform.health, authority_of(platform.upstream), *this);
  for (const AppProbeSpec& spec : options_.app_probes) {
    app_probes_.push_back(std::make_unique<AppProbe>(context_, *health_connector_, spec));
  }
  bypass_ = std::make_unique<Bypass>(context_, platform.upstream.port);
  watch_ = std::make_unique<Watch>(context_, *this);
  local_ = std::make_unique<Local>(*this);
  {
    const net::BlockedSignals blocked;
    start_workers();
  }
  signals_ = std::make_unique<net::Signals>(loop_, *this);
  use_snapshot(snapshot_, true);
  tell_listening();
  health_->start();
  bypass_->start();
  loops_->start();
  watch_->watch(snapshot_->configuration->files);
  give_back_code_pages();
  loop_.run(*this);
  for (const auto& worker : workers_) worker->stop_and_join();
  local_.reset();
  writer_.stop();
  if (!problem_.empty()) return ServerEnd::cannot_bind;
  return interrupted_ ? ServerEnd::interrupted : ServerEnd::drained;
}

// Descriptors that connections may take even when no limit is enforced: the rest is for the app's side and for
// ourselves.
void Server::prepare_shared() {
  std::random_device random;
  shared_->key_seed.store(std::uint64_t{random()} << 32U | random());
  constexpr std::uint64_t own = 64;
  const std::uint64_t available = options_.environment.descriptor_limit;
  if (available <= 2 * own) return;
  const std::uint64_t in_flight =
      std::min<std::uint64_t>(snapshot_->plan->listener.concurrency.max, (available - own) / 2);
  shared_->connections_ceiling.store(static_cast<std::uint32_t>(available - own - in_flight));
}

bool Server::bind_all() {
  const config::Platform& platform = snapshot_->configuration->platform;
  const auto app = socket_address(platform.upstream);
  if (!app) {
    problem_ = "upstream " + config::to_text(platform.upstream) +
               " cannot be used: the path of a unix socket is at most 107 bytes";
    return false;
  }
  app_ = *app;
  return bind(platform.listen, worker_count(platform), "listen", data_) &&
         bind(platform.telemetry, 1, "telemetry", telemetry_) && bind(platform.admin, 1, "admin", admin_);
}

bool Server::bind(const config::Address& address, std::size_t count, std::string_view name, net::BoundSockets& bound) {
  auto made = bind_address(address, count, name);
  if (!made) {
    problem_ = std::move(made).error();
    return false;
  }
  bound = std::move(made).value();
  return true;
}

void Server::make_workers() {
  const config::Platform& platform = snapshot_->configuration->platform;
  const std::size_t count = worker_count(platform);
  for (std::size_t i = 0; i < count; ++i) {
    const WorkerTelemetry telemetry{loggers_, writer_.channel(i), registry_, registry_.slab(i)};
    workers_.push_back(std::make_unique<Worker>(*shared_, *this, telemetry, app_, authority_of(platform.upstream)));
  }
  std::vector<const WorkerCounters*> counters;
  counters.reserve(workers_.size());
  for (const auto& worker : workers_) counters.push_back(&worker->counters());
  loops_ = std::make_unique<LoopWatch>(context_, counters, loggers_);
}

void Server::start_workers() {
  std::vector<std::string> routes;
  for (const policies::RoutePlan& route : snapshot_->plan->routes) routes.push_back(route.name);
  registry_.set_routes(routes, snapshot_->plan->listener.series_max);
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->start(std::move(data_.sockets[i]), workers_[i]->make_view(snapshot_));
  }
}

void Server::tell_listening() {
  const config::Platform& platform = snapshot_->configuration->platform;
  loggers_.write(Area::lifecycle, Level::info, "listening",
                 {{"listener", "telemetry"}, {"address", telemetry_.address.text()}});
  loggers_.write(Area::lifecycle, Level::info, "listening",
                 {{"listener", "admin"}, {"address", admin_.address.text()}});
  loggers_.write(Area::lifecycle, Level::info, "listening",
                 {{"listener", "data"},
                  {"address", data_.address.text()},
                  {"upstream", config::to_text(platform.upstream)},
                  {"workers", workers_.size()},
                  {"profile", snapshot_->configuration->profile},
                  {"version", options_.version}});
}

void Server::turn_ends() noexcept {
  try {
    context_.end_turn();
  } catch (...) {  // what was due is tried again by its own next deadline; the rest of this turn is done in the next
    loggers_.write(Area::core, Level::error, "a task of the control thread failed: out of memory");
  }
  local_->keep_reserve();  // before somebody else takes what a closed connection set free
}

void Server::wake_another(const WorkerContext& not_me) noexcept {
  for (const auto& worker : workers_) {
    if (&worker->context() == &not_me || worker->waiting() == 0) continue;
    return worker->wake_admission();
  }
}

AppProbe* Server::app_probe(std::string_view name) noexcept {
  for (const auto& one : app_probes_) {
    if (one->name() == name) return one.get();
  }
  return nullptr;
}

void Server::on_health_changed(bool healthy, const char* why_not) {
  loggers_.write(Area::upstream, healthy ? Level::info : Level::warn, healthy ? "app is healthy" : "app is not healthy",
                 {{"cause", why_not}});
}

void Server::on_signal(int number) noexcept {
  if (number == SIGHUP) {
    reload();
    return;
  }
  if (number == SIGINT && exit_when_drained_) {
    interrupted_ = true;
    last_words({.drained = false});
    return loop_.stop();
  }
  if (exit_when_drained_) return;
  exit_when_drained_ = true;
  const policies::ListenerPlan& plan = snapshot_->plan->listener;
  loggers_.write(Area::lifecycle, Level::info, "stopping",
                 {{"signal", number == SIGINT ? "SIGINT" : "SIGTERM"},
                  {"announce", to_text(plan.drain_announce)},
                  {"finish", to_text(plan.drain_finish)}});
  drain_->start({plan.drain_announce, plan.drain_finish, snapshot_->configuration->platform.termination_grace}, true);
}

void Server::drain_announce(bool draining) {
  for (const auto& worker : workers_) worker->announce(draining);
  loggers_.write(Area::lifecycle, Level::info, draining ? "draining: announced" : "drain ended");
}

void Server::drain_finish() {
  for (const auto& worker : workers_) worker->finish();
}

void Server::drain_cut() {
  for (const auto& worker : workers_) worker->cut();
}

std::uint64_t Server::drain_cut_count() {
  std::uint64_t count = 0;
  for (const auto& worker : workers_) count += worker->cut_count();
  return count;
}

bool Server::drain_complete() {
  for (const auto& worker : workers_) {
    if (!worker->drained()) return false;
  }
  return true;
}

// A hook asked for the drain, and no SIGTERM came: only the app restarts. Serve again.
void Server::drain_undo() {
  loggers_.write(Area::lifecycle, Level::warn, "drain undone: no SIGTERM came within terminationGrace, serving again");
  const config::Platform& platform = snapshot_->configuration->platform;
  config::Address address = platform.listen;
  address.port = data_.address.port();
  if (!bind(address, workers_.size(), "listen", data_)) {
    loggers_.write(Area::lifecycle, Level::error, problem_);
    return loop_.stop();
  }
  for (std::size_t i = 0; i < workers_.size(); ++i) workers_[i]->listen(std::move(data_.sockets[i]));
}

void Server::drain_over(const DrainReport& report) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(report.took).count();
  if (exit_when_drained_) {
    last_words(report);
    return loop_.stop();
  }
  loggers_.write(Area::lifecycle, Level::info, "drained",
                 {{"drained", report.drained}, {"killed", report.cut}, {"ms", static_cast<std::uint64_t>(ms)}});
}

void Server::last_words(const DrainReport& report) {
  const auto ms =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(report.took).count());
  loggers_.write(Area::lifecycle, report.drained ? Level::info : Level::warn, "stopped",
                 {{"drained", report.drained}, {"killed", report.cut}, {"ms", ms}});
  std::ofstream file(termination_log, std::ios::in | std::ios::out | std::ios::app);  // `in`: never creates it
  if (!file) return;
  file << "{\"msg\":\"stopped\",\"drained\":" << (report.drained ? "true" : "false") << ",\"killed\":" << report.cut
       << ",\"ms\":" << ms << "}\n";
}

}  // namespace holdfast::proxy
