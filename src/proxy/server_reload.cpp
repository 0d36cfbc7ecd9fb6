// Reload: a new snapshot for new exchanges, or the old one and the reasons.
#include <algorithm>
#include <array>
#include <map>

#include "config/describe.h"
#include "core/code_pages.h"
#include "policies/catalog.h"
#include "proxy/server.h"

namespace holdfast::proxy {
namespace {

using telemetry::Area;
using telemetry::Family;
using telemetry::Level;

// Settings that are in use from the start to the end of the process.
constexpr std::array<std::string_view, 8> restart_keys{"service",   "listen", "upstream.address", "upstream.health",
                                                       "telemetry", "admin",  "workers",          "log.format"};
constexpr std::string_view restart_policy_key = "rateLimit.keysMax";

std::map<std::string, std::string> values_of(const config::Configuration& configuration) {
  std::map<std::string, std::string> values;
  for (config::SettingLine& line : config::settings_of(configuration))
    values.emplace(std::move(line.key), std::move(line.value));
  return values;
}

telemetry::LevelSpec spec_of(config::LogLevel level) {
  telemetry::LevelSpec spec;
  switch (level) {
    case config::LogLevel::trace: spec.all = telemetry::Level::trace; break;
    case config::LogLevel::debug: spec.all = telemetry::Level::debug; break;
    case config::LogLevel::info: spec.all = telemetry::Level::info; break;
    case config::LogLevel::warn: spec.all = telemetry::Level::warn; break;
    case config::LogLevel::error: spec.all = telemetry::Level::error; break;
  }
  return spec;
}

// What blocks may hold before new requests are shed: the worst case that the limits allow, or three quarters of the
// memory there is.
std::uint64_t block_budget(const policies::ListenerPlan& plan, std::optional<ByteCount> memory) {
  constexpr std::uint64_t per_exchange = 128U << 10U;
  const auto finite = [](std::uint32_t n) { return n == UINT32_MAX ? std::uint64_t{1} << 40U : n; };
  const std::uint64_t worst =
      (finite(plan.concurrency.max) + finite(plan.queue.max)) * per_exchange * 2 +
      finite(plan.connections.max) * std::min<std::uint64_t>(plan.head_bytes.max, policies::head_bytes_ceiling);
  if (!memory) return worst;
  return std::min(worst, memory->bytes / 4 * 3);
}

}  // namespace

bool Server::reload() noexcept {
  bool done = false;
  try {
    done = try_reload();
  } catch (...) {
    loggers_.write(Area::config, Level::error, "reload refused: out of memory");
    registry_.set(Family::config_reload_success, {}, 0);
  }
  give_back_code_pages();
  return done;
}

bool Server::try_reload() {
  auto loaded = config::load(options_.sources, {policies::sections(), policies::cross_rules()}, options_.environment);
  if (!loaded) {
    log_faults(loaded.error());
    loggers_.write(Area::config, Level::error, "reload refused: the running configuration stays",
                   {{"faults", loaded.error().size()}});
    registry_.set(Family::config_reload_success, {}, 0);
    return false;
  }
  config::Configuration next = std::move(loaded).value();
  if (needs_restart(next)) {
    registry_.set(Family::config_reload_success, {}, 0);
    return false;
  }
  log_changes(next);
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->configuration = std::make_unique<config::Configuration>(std::move(next));
  snapshot->plan = policies::build_plan(*snapshot->configuration);
  use_snapshot(std::move(snapshot), false);
  return true;
}

void Server::on_files_changed() noexcept { reload(); }

void Server::use_snapshot(SnapshotPtr snapshot, bool first) {
  snapshot_ = std::move(snapshot);
  const config::Configuration& configuration = *snapshot_->configuration;
  log_faults(configuration.warnings);
  loggers_.set_levels(telemetry::LevelSource::file, spec_of(configuration.platform.log_level));
  if (first && !options_.log_levels.empty()) {
    const auto spec = telemetry::parse_level_spec(options_.log_levels);
    if (spec) {
      loggers_.set_levels(telemetry::LevelSource::variable, spec.value());
    } else {
      loggers_.write(Area::config, Level::warn, "HOLDFAST_LOG is ignored", {{"cause", spec.error()}});
    }
  }
  publish_limits();
  if (first) return;
  std::vector<std::string> routes;
  for (const policies::RoutePlan& route : snapshot_->plan->routes) routes.push_back(route.name);
  registry_.set_routes(routes, snapshot_->plan->listener.series_max);
  for (const auto& worker : workers_) worker->use(worker->make_view(snapshot_));
  if (watch_) watch_->watch(configuration.files);
}

void Server::publish_limits() {
  const policies::ListenerPlan& plan = snapshot_->plan->listener;
  registry_.set(Family::limit, {"connections"}, plan.connections.max);
  registry_.set(Family::limit, {"concurrency"}, plan.concurrency.max);
  registry_.set(Family::limit, {"queue"}, plan.queue.max);
  registry_.set(Family::config_reload_success, {}, 1);
  const auto wall = static_cast<std::uint64_t>(wall_now().time_since_epoch().count());
  registry_.set(Family::config_reload_timestamp, {}, wall);
  registry_.set_info(Family::config_reload_info, {snapshot_->configuration->hash});
  registry_.set_info(Family::build_info, {options_.version, options_.commit});
  const auto& waivers = snapshot_->configuration->waivers;
  const auto expired = std::count_if(waivers.begin(), waivers.end(), [](const config::Waiver& w) { return w.expired; });
  registry_.set(Family::waivers_expired, {}, static_cast<std::uint64_t>(expired));
  const std::optional<ByteCount> memory = config::memory_bound(*snapshot_->configuration, options_.environment);
  if (memory) registry_.set(Family::limit, {"memory"}, memory->bytes);
  memory_watch_.set_limit(memory, {block_budget(plan, memory)});
}

void Server::log_faults(const std::vector<config::Fault>& faults) {
  for (const config::Fault& fault : faults) {
    loggers_.write(Area::config, fault.warning ? Level::warn : Level::error, config::to_text(fault));
  }
}

bool Server::needs_restart(const config::Configuration& next) {
  const auto before = values_of(*snapshot_->configuration);
  const auto after = values_of(next);
  bool needed = false;
  const auto compare = [&](std::string_view key) {
    const auto a = before.find(std::string(key));
    const auto b = after.find(std::string(key));
    if (a == before.end() || b == after.end() || a->second == b->second) return;
    needed = true;
    loggers_.write(Area::config, Level::error, "reload refused: this setting needs a restart",
                   {{"setting", key}, {"from", a->second}, {"to", b->second}});
  };
  for (const std::string_view key : restart_keys) compare(key);
  compare(restart_policy_key);
  return needed;
}

void Server::log_changes(const config::Configuration& next) {
  const auto before = values_of(*snapshot_->configuration);
  std::uint64_t changes = 0;
  for (const config::SettingLine& line : config::settings_of(next)) {
    const auto old = before.find(line.key);
    if (old != before.end() && old->second == line.value) continue;
    ++changes;
    loggers_.write(Area::config, Level::info, "setting changed",
                   {{"setting", line.key},
                    {"from", old == before.end() ? std::string("unset") : old->second},
                    {"to", line.value},
                    {"origin", line.origin}});
  }
  loggers_.write(Area::config, Level::info, "reloaded", {{"changes", changes}, {"hash", next.hash}});
}

}  // namespace holdfast::proxy
