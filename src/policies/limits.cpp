// limits: a bound on everything that can grow. Data for the engine; sizes are checked while reading, counts at
// admission.
//
// `none`, and the whole policy when it is disabled, leave only what the program itself can hold: a head of 256 KiB with
// 1000 fields. Connections cannot be lifted: descriptors and memory are computed from them.
#include <algorithm>

#include "config/codes.h"
#include "policies/catalog_line.h"

namespace holdfast::policies {
namespace {

using namespace std::chrono_literals;
using literals::operator""_B;
using literals::operator""_KiB;
using literals::operator""_MiB;
using literals::operator""_GiB;

struct Limits {
  std::optional<ByteCount> body = 1_MiB;
  std::optional<ByteCount> headers = 32_KiB;
  std::optional<std::uint32_t> header_count = 100;
  std::optional<ByteCount> uri = 8_KiB;
  std::uint32_t connections = 1024;
  std::optional<std::uint64_t> requests_per_connection = 10'000;
  std::optional<std::uint32_t> connections_per_client;  // behind an ingress every client is one address
  std::optional<std::uint32_t> concurrency = 128;
  std::optional<std::uint32_t> queue = 64;
  std::optional<Duration> queue_wait = 500ms;
};

std::uint64_t head_bytes(const Limits& limits) noexcept {
  return std::min<std::uint64_t>(limits.headers.value_or(ByteCount{head_bytes_ceiling}).bytes, head_bytes_ceiling);
}

void plan_limits(const PolicySettings& settings, Plan& plan) {
  const Limits unlimited{.body = {},
                         .headers = {},
                         .header_count = {},
                         .uri = {},
                         .connections = UINT32_MAX,
                         .requests_per_connection = {},
                         .connections_per_client = {},
                         .concurrency = {},
                         .queue = {},
                         .queue_wait = {}};
  const Limits& limits = settings.disabled() ? unlimited : settings.service<Limits>();
  const bool report = settings.reported();
  const auto size = [&](std::string_view key, std::uint64_t max) {
    return SizeBound{max, plan.rule("limits", key), report};
  };
  const auto count = [&](std::string_view key, std::uint32_t max) {
    return CountBound{max, plan.rule("limits", key), report};
  };

  ListenerPlan& out = plan.listener;
  out.head_bytes = size("headers", head_bytes(limits));
  out.fields = size("headerCount", std::min(limits.header_count.value_or(fields_ceiling), fields_ceiling));
  out.target_bytes = size("uri", limits.uri.value_or(ByteCount{head_bytes_ceiling}).bytes);
  out.requests_per_connection = size("requestsPerConnection", limits.requests_per_connection.value_or(UINT64_MAX));
  out.connections = count("connections", limits.connections);
  out.connections_per_client = count("connectionsPerClient", limits.connections_per_client.value_or(UINT32_MAX));
  out.concurrency = count("concurrency", limits.concurrency.value_or(UINT32_MAX));
  out.queue = count("queue", limits.queue.value_or(UINT32_MAX));
  out.queue_wait = {std::min(limits.queue_wait.value_or(wait_ceiling), wait_ceiling), plan.rule("limits", "queueWait"),
                    report};
  for (RoutePlan& route : plan.routes) {
    const auto& body = settings.on_route<Limits>(route.index).body;
    const std::uint64_t max = settings.disabled() || !body ? UINT64_MAX : body->bytes;
    route.body = {max, plan.rule("limits", "body", route.index), report};
  }
}

// An exchange needs a connection, so connections bound what is lifted.
std::uint64_t in_flight(const Limits& limits) noexcept {
  return std::min(limits.concurrency.value_or(limits.connections), limits.connections);
}
std::uint64_t waiting(const Limits& limits) noexcept {
  return std::min(limits.queue.value_or(limits.connections), limits.connections);
}

void descriptors_suffice(const Limits& limits, std::uint64_t available, config::FaultSink& sink) {
  constexpr std::uint64_t own = 64;  // listeners, telemetry, log, files
  const std::uint64_t needed = limits.connections + in_flight(limits) + own;
  if (available == 0 || needed <= available) return;
  sink.fault("limits.connections", config::code::rule,
             "connections " + std::to_string(limits.connections) + " + concurrency " +
                 std::to_string(in_flight(limits)) + " + 64 = " + std::to_string(needed) +
                 " is more than the descriptor limit " + std::to_string(available),
             "lower connections by " + std::to_string(needed - available) +
                 ", or raise the descriptor limit (ulimit -n) to " + std::to_string(needed));
}

void memory_suffices(const Limits& limits, ByteCount available, config::FaultSink& sink) {
  const auto in_mib = [](std::uint64_t bytes) { return std::to_string((bytes + (1U << 20U) - 1) >> 20U) + "MiB"; };
  const std::uint64_t per_connection = (1_KiB).bytes + head_bytes(limits);
  const std::uint64_t exchanges = in_flight(limits) + waiting(limits);
  const std::uint64_t needed = (12_MiB).bytes + limits.connections * per_connection + exchanges * (128_KiB).bytes;
  if (needed <= available.bytes) return;
  const std::uint64_t excess = needed - available.bytes;
  sink.fault("limits.connections memory", config::code::rule,
             "at worst 12MiB + connections " + std::to_string(limits.connections) + " x " +
                 to_text(ByteCount{per_connection}) + " + (concurrency + queue) " + std::to_string(exchanges) +
                 " x 128KiB = " + in_mib(needed) + " is more than the memory limit " + to_text(available),
             "lower connections by " + std::to_string((excess + per_connection - 1) / per_connection) +
                 ", or raise the memory limit to " + in_mib(needed));
}

void the_machine_can_hold_it(const config::Configuration& configuration, const config::Environment& machine,
                             config::FaultSink& sink) {
  const config::LoadedPolicy* policy = configuration.find("limits");
  if (policy == nullptr || policy->mode == config::Mode::disabled) return;
  const auto& limits = policy->settings.as<Limits>();
  descriptors_suffice(limits, machine.descriptor_limit, sink);
  if (const auto memory = config::memory_bound(configuration, machine)) memory_suffices(limits, *memory, sink);
}

}  // namespace

CatalogLine limits() {
  using config::routable;
  static const auto section =
      config::Section<Limits>("limits", "A bound on everything that can grow.", config::Modes::with_report)
          .size("body", &Limits::body, {0_B, 1024_GiB}, "Content of one request.", routable)
          .size("headers", &Limits::headers, {1_KiB, 256_KiB}, "A request head, or a response head of the app, in all.")
          .count("headerCount", &Limits::header_count, {1, fields_ceiling}, "Fields of one head.")
          .size("uri", &Limits::uri, {64_B, 128_KiB}, "The target of a request.")
          .count("connections", &Limits::connections, {1, 1'000'000}, "Client connections at the same time.")
          .count("requestsPerConnection", &Limits::requests_per_connection, {1, 1'000'000'000},
                 "Requests on one client connection; the last response closes it.")
          .count("connectionsPerClient", &Limits::connections_per_client, {1, 1'000'000},
                 "Connections of one client address (of one /64 for IPv6) at the same time.")
          .count("concurrency", &Limits::concurrency, {1, 1'000'000},
                 "Exchanges with the app at the same time; uploads still coming in get three quarters of them.")
          .count("queue", &Limits::queue, {0, 1'000'000},
                 "Requests that may wait for one of these places; meanwhile clients below 16 KiB/s are ended.")
          .duration("queueWait", &Limits::queue_wait, {1ms, 1min},
                    "How long such a request waits before it is refused.");
  return {.section = &section, .plan = plan_limits, .cross_rule = the_machine_can_hold_it};
}

}  // namespace holdfast::policies
