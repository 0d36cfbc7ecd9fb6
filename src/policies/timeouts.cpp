// timeouts: a bound on every wait, on the way in and on the way out.
//
// It has no hooks: each wait becomes data of the plan and the engine guards it with a deadline. `none`, and the whole
// policy when it is disabled, leave the ceiling of one hour in place.
#include <algorithm>

#include "config/codes.h"
#include "policies/catalog_line.h"

namespace holdfast::policies {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t slow_app_status = failure(Reason::upstream_first_byte_slow).status;
constexpr std::uint16_t slow_client_status = failure(Reason::downstream_body_slow).status;
constexpr std::uint16_t busy_status = failure(Reason::queue_timeout).status;

using Wait = std::optional<Duration>;  // nullopt: up to the ceiling

struct Timeouts {
  Wait client_headers = 10s;
  Wait client_body_idle = 15s;
  Wait connect = 1s;
  Wait first_byte = 10s;
  Wait request = 15s;
  Wait stream_idle = 60s;
  Wait client_idle = 75s;
  Wait upstream_idle = 3s;
  std::uint16_t expired_status = slow_app_status;
};

Duration bounded(const Wait& wait) noexcept { return wait ? std::min(*wait, wait_ceiling) : wait_ceiling; }

void plan_timeouts(const PolicySettings& settings, Plan& plan) {
  std::uint32_t route = 0;
  const auto bound = [&](std::string_view key, Wait Timeouts::* wait) {
    const Duration after = settings.disabled() ? wait_ceiling : bounded(settings.on_route<Timeouts>(route).*wait);
    return TimeBound{after, plan.rule("timeouts", key, route), settings.reported()};
  };
  plan.listener.client_headers = bound("clientHeaders", &Timeouts::client_headers);
  plan.listener.client_idle = bound("clientIdle", &Timeouts::client_idle);
  // How long our own pool keeps a connection is no wait of anybody: nothing to report about it.
  plan.listener.upstream_idle = bound("upstreamIdle", &Timeouts::upstream_idle);
  plan.listener.upstream_idle.report = false;
  for (RoutePlan& out : plan.routes) {
    route = out.index;
    out.client_body_idle = bound("clientBodyIdle", &Timeouts::client_body_idle);
    out.connect = bound("connect", &Timeouts::connect);
    out.first_byte = bound("firstByte", &Timeouts::first_byte);
    out.request = bound("request", &Timeouts::request);
    out.stream_idle = bound("streamIdle", &Timeouts::stream_idle);
    out.expired_status = settings.on_route<Timeouts>(route).expired_status;
  }
}

void waits_contain_each_other(const Timeouts& t, config::RuleReport& report) {
  const auto at_most = [&](std::string_view small_key, const Wait& small, std::string_view large_key,
                           const Wait& large) {
    if (bounded(small) <= bounded(large)) return;
    const std::string small_text = to_text(bounded(small));
    const std::string large_text = to_text(bounded(large));
    report.fault({small_key, large_key},
                 std::string(small_key) + " " + small_text + " is longer than " + std::string(large_key) + " " +
                     large_text + ", so it can never fire",
                 "lower " + std::string(small_key) + " to at most " + large_text + " or raise " +
                     std::string(large_key) + " to at least " + small_text);
  };
  at_most("connect", t.connect, "firstByte", t.first_byte);
  at_most("firstByte", t.first_byte, "request", t.request);
  at_most("firstByte", t.first_byte, "streamIdle", t.stream_idle);
}

// 408 tells a client that it may send the request again (RFC 9110 15.5.9), and a POST may have been done already.
void repeatable_status(const config::Configuration& configuration, const config::Environment&,
                       config::FaultSink& sink) {
  const config::LoadedPolicy* policy = configuration.find("timeouts");
  if (policy == nullptr || policy->mode == config::Mode::disabled) return;
  const auto index = static_cast<std::size_t>(policy - configuration.policies.data());
  const auto warn = [&](const std::string& setting, const std::string& where) {
    sink.warn(setting, config::code::rule,
              "expiredStatus 408 on " + where + " with POST: clients may repeat a request that was already done",
              "use expiredStatus: 504, or narrow the 408 to routes without POST");
  };
  if (policy->settings.as<Timeouts>().expired_status == slow_client_status)
    warn("timeouts.expiredStatus", "requests that match no route,");
  for (const config::LoadedRoute& route : configuration.routes) {
    const bool posts = route.method.empty() || route.method == "POST";
    if (!posts || route.settings[index].as<Timeouts>().expired_status != slow_client_status) continue;
    warn("routes." + route.name + ".timeouts.expiredStatus", "route " + route.name);
  }
}

}  // namespace

CatalogLine timeouts() {
  using config::routable;
  static const auto section =
      config::Section<Timeouts>("timeouts", "A bound on every wait, on the way in and on the way out.",
                                config::Modes::with_report)
          .duration("clientHeaders", &Timeouts::client_headers, {10ms, 10min},
                    "From the first byte of a request (or accept) to the end of its head.")
          .duration("clientBodyIdle", &Timeouts::client_body_idle, {10ms, 1h},
                    "Between two pieces of a request body that we wait for.", routable)
          .duration("connect", &Timeouts::connect, {1ms, 1min}, "To establish a connection to the app.", routable)
          .duration("firstByte", &Timeouts::first_byte, {1ms, 1h},
                    "From the last byte of the request to the head of the app's response.", routable)
          .duration(
              "request", &Timeouts::request, {1ms, 1h},
              "From the end of the request head to the app's last byte; stands still while we wait for the client.",
              routable)
          .duration("streamIdle", &Timeouts::stream_idle, {10ms, 1h},
                    "Between two pieces of a response or stream; a client takes at least 512 B/s over 20 s.", routable)
          .duration("clientIdle", &Timeouts::client_idle, {10ms, 1h},
                    "How long a client's connection may wait for its next request.")
          .duration("upstreamIdle", &Timeouts::upstream_idle, {1ms, 10min},
                    "How long an unused connection to the app is kept; keep it below the app's own keep-alive timeout.")
          .choice("expiredStatus", &Timeouts::expired_status,
                  {{"504", slow_app_status}, {"408", slow_client_status}, {"503", busy_status}},
                  "The status when connect, firstByte or request is up.", routable)
          .rule(waits_contain_each_other);
  return {.section = &section, .plan = plan_timeouts, .cross_rule = repeatable_status};
}

}  // namespace holdfast::policies
