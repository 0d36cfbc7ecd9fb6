// drain: how the process leaves without dropping a request. Data for the engine: first announce, then finish.
#include "config/codes.h"
#include "policies/catalog_line.h"

namespace holdfast::policies {
namespace {

using namespace std::chrono_literals;

struct Drain {
  Duration announce = 5s;
  Duration finish = 20s;
};

void plan_drain(const PolicySettings& settings, Plan& plan) {
  const auto& drain = settings.service<Drain>();
  plan.listener.drain_announce = settings.disabled() ? Duration{0} : drain.announce;
  plan.listener.drain_finish = settings.disabled() ? Duration{0} : drain.finish;
}

// The log is flushed and the last words are written in what is left.
constexpr Duration last_words = 2s;

void ends_before_the_kill(const config::Configuration& configuration, const config::Environment&,
                          config::FaultSink& sink) {
  const config::LoadedPolicy* policy = configuration.find("drain");
  if (policy == nullptr || policy->mode == config::Mode::disabled) return;
  if (!configuration.has_platform) return;  // a policy file alone does not say when the process is killed
  const auto& drain = policy->settings.as<Drain>();
  const Duration needed = drain.announce + drain.finish + last_words;
  const Duration grace = configuration.platform.termination_grace;
  if (needed <= grace) return;
  sink.fault("drain.finish drain.announce terminationGrace", config::code::rule,
             "announce " + to_text(drain.announce) + " + finish " + to_text(drain.finish) +
                 " + 2s = " + to_text(needed) + " is more than terminationGrace " + to_text(grace) +
                 ": the process would be killed while it drains",
             "shorten the drain by " + to_text(needed - grace) +
                 ", or raise terminationGrace and the pod's terminationGracePeriodSeconds to " + to_text(needed));
}

}  // namespace

CatalogLine drain() {
  static const auto section =
      config::Section<Drain>("drain", "Leaves without a dropped request: announce, finish, exit.",
                             config::Modes::enforce_disabled)
          .duration("announce", &Drain::announce, {0s, 10min},
                    "How long /readyz says no while everything is still accepted.")
          .duration("finish", &Drain::finish, {0s, 1h}, "How long exchanges in flight may take after that.");
  return {.section = &section, .plan = plan_drain, .cross_rule = ends_before_the_kill};
}

}  // namespace holdfast::policies
