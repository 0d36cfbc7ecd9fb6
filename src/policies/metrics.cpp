// metrics: counts every exchange in cells of this worker, without a lock or a look-up of names.
//
// Label values come from the configuration and from tables of ours, never from a client.
#include "config/codes.h"
#include "policies/catalog.h"

namespace holdfast::policies {
namespace {

using telemetry::CellId;
using telemetry::Family;

struct Metrics {
  std::uint32_t series_max = 2000;
};

static_assert(telemetry::method_labels.size() == static_cast<std::size_t>(http::Method::other) + 1);

class MetricsPolicy final : public Policy {
 public:
  MetricsPolicy(const Plan& plan, telemetry::Registry& registry, telemetry::Slab& cells)
      : cells_(cells),
        first_byte_(registry.histogram(Family::upstream_first_byte)),
        request_bytes_(registry.cell(Family::request_body_bytes)),
        response_bytes_(registry.cell(Family::response_body_bytes)) {
    for (const RoutePlan& route : plan.routes) routes_.emplace_back(registry, route.name);
    for (const CatalogLine& line : catalog()) {
      const std::string& name = line.section->name();
      if (!config::allows(line.section->modes(), config::Mode::report)) continue;
      decisions_.push_back({name, registry.cell(Family::policy_decisions, {name, "enforced"}),
                            registry.cell(Family::policy_decisions, {name, "would_enforce"})});
    }
  }

  void on_complete(const Exchange& x) override {
    telemetry::RouteCells& route = routes_[x.route == nullptr ? 0 : x.route->index];
    cells_.add(route.request(static_cast<std::uint8_t>(x.request.method), x.status));
    cells_.add(request_bytes_, x.bytes_in);
    cells_.add(response_bytes_, x.bytes_out);
    // A tunnel lasts as long as its ends like: it would say nothing about latency.
    if (!x.upgraded) cells_.observe(route.duration(), x.ended() - x.at.begun);
    if (x.response_head_seen) {
      const bool sent_first = x.at.request_sent != TimePoint{} && x.at.request_sent <= x.at.first_byte;
      cells_.observe(first_byte_, x.at.first_byte - (sent_first ? x.at.request_sent : x.at.connected));
    }
    if (x.error.reason != Reason::ok) cells_.add(route.failure(x.error.reason));
    count_decisions(x);
  }

 private:
  struct Decisions {
    std::string_view policy;
    CellId enforced;
    CellId would_enforce;
  };

  void count_decisions(const Exchange& x) noexcept {
    if (x.error.reason != Reason::ok) count(x.error.rule, &Decisions::enforced);
    for (std::uint8_t i = 0; i < x.would_size; ++i) count(x.would[i].rule, &Decisions::would_enforce);
  }
  void count(const Rule* rule, CellId Decisions::* outcome) noexcept {
    if (rule == nullptr) return;
    for (const Decisions& known : decisions_) {
      if (known.policy == rule->policy) cells_.add(known.*outcome);
    }
  }

  telemetry::Slab& cells_;
  telemetry::HistogramId first_byte_;
  CellId request_bytes_;
  CellId response_bytes_;
  std::vector<telemetry::RouteCells> routes_;  // by index
  std::vector<Decisions> decisions_;           // of the policies that can refuse something
};

void plan_metrics(const PolicySettings& settings, Plan& plan) {
  plan.listener.series_max = settings.service<Metrics>().series_max;
}

void add_hooks(const PolicySettings&, const Plan& plan, Services& services, Pipeline& pipeline) {
  pipeline.add(std::make_unique<MetricsPolicy>(plan, services.metrics, services.cells));
}

void routes_have_their_series(const config::Configuration& configuration, const config::Environment&,
                              config::FaultSink& sink) {
  const config::LoadedPolicy* policy = configuration.find("metrics");
  if (policy == nullptr || policy->mode == config::Mode::disabled) return;
  const std::size_t routes = configuration.routes.size();
  const std::uint64_t most = policy->settings.as<Metrics>().series_max;
  if (telemetry::routes_fit(routes, most)) return;
  constexpr std::uint64_t fixed = telemetry::series_fixed + telemetry::series_unmatched + telemetry::series_other;
  const std::uint64_t needed = fixed + routes * telemetry::series_per_route;
  const std::uint64_t room = most > fixed ? (most - fixed) / telemetry::series_per_route : 0;
  sink.fault("metrics.seriesMax", config::code::rule,
             std::to_string(routes) + " routes need " + std::to_string(needed) + " series, more than seriesMax " +
                 std::to_string(most),
             "raise seriesMax to " + std::to_string(needed) + ", or join routes until there are at most " +
                 std::to_string(room));
}

}  // namespace

CatalogLine metrics() {
  static const auto section =
      config::Section<Metrics>("metrics", "Rate, errors, duration and saturation for Prometheus.",
                               config::Modes::enforce_disabled)
          .count("seriesMax", &Metrics::series_max, {256, 100'000},
                 "Time series at most; beyond it routes are counted together.");
  return {.section = &section, .plan = plan_metrics, .hooks = add_hooks, .cross_rule = routes_have_their_series};
}

}  // namespace holdfast::policies
