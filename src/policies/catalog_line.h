// catalog_line: what a policy tells the catalog, and what it may read and use in return.
//
// A policy is its section of the policy file plus any of: a contribution to the plan, hooks, a rule across sections.
// Each policy's file ends with a function that returns its line.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/configuration.h"
#include "core/shared_limits.h"
#include "policies/plan.h"
#include "policies/policy.h"
#include "telemetry/line_blocks.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace holdfast::policies {

// The settings of one policy, for the service and on each route. Routes are counted as in Plan::routes: 0 is
// `unmatched`.
class PolicySettings {
 public:
  PolicySettings(const config::Configuration& configuration, std::size_t policy) noexcept
      : configuration_(configuration), policy_(policy) {}

  bool enforced() const noexcept { return loaded().mode == config::Mode::enforce; }
  bool reported() const noexcept { return loaded().mode == config::Mode::report; }
  bool disabled() const noexcept { return loaded().mode == config::Mode::disabled; }
  const config::Platform& platform() const noexcept { return configuration_.platform; }

  template <class S>
  const S& service() const {
    return loaded().settings.as<S>();
  }
  template <class S>
  const S& on_route(std::uint32_t route) const {
    return route == 0 ? service<S>() : configuration_.routes[route - 1].settings[policy_].as<S>();
  }

 private:
  const config::LoadedPolicy& loaded() const noexcept { return configuration_.policies[policy_]; }

  const config::Configuration& configuration_;
  std::size_t policy_;
};

// What the hooks of one worker may use. Everything referred to outlives the pipeline.
struct Services {
  RateTable& rates;              // of the process
  telemetry::Loggers& loggers;   // of the process: asked for the level
  telemetry::LogChannel& lines;  // of the worker
  telemetry::Registry& metrics;  // of the process
  telemetry::Slab& cells;        // of the worker, in `metrics`
  // Of the process: the same for all workers and across reloads, so that they agree on keys.
  std::uint64_t rate_seed = 0;
  std::uint64_t seed_hi = 0;  // of the worker, from the kernel
  std::uint64_t seed_lo = 0;
};

struct CatalogLine {
  const config::AnySection* section = nullptr;
  // Runs when a snapshot is built, with routes, names and rules already in the plan.
  void (*plan)(const PolicySettings& settings, Plan& plan) = nullptr;
  // Adds the policy's hooks to one worker's pipeline; a disabled policy adds none.
  void (*hooks)(const PolicySettings& settings, const Plan& plan, Services& services, Pipeline& pipeline) = nullptr;
  config::CrossRule cross_rule = nullptr;
};

// One per file of the same name.
CatalogLine request_id();
CatalogLine redaction();
CatalogLine tracing();
CatalogLine timeouts();
CatalogLine limits();
CatalogLine rate_limit();
CatalogLine errors();
CatalogLine drain();
CatalogLine metrics();
CatalogLine access_log();

}  // namespace holdfast::policies
