#include "proxy/handlers.h"

#include <algorithm>

#include "config/describe.h"
#include "proxy/server.h"

namespace holdfast::proxy {
namespace {

using telemetry::Family;

constexpr std::size_t connections_shown = 1000;

LocalResponse text(std::uint16_t status, std::string content) {
  LocalResponse response;
  response.status = status;
  response.content = std::move(content);
  return response;
}

LocalResponse not_found() { return text(404, "not found\n"); }

LocalResponse wrong_method(std::string_view allowed) {
  LocalResponse response = text(405, "method not allowed\n");
  response.extra_fields.append("allow: ").append(allowed).append("\r\n");
  return response;
}

bool reads(const LocalRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

// Takes as long for a wrong token as for the right one.
bool same_secret(std::string_view given, std::string_view secret) noexcept {
  bool same = given.size() == secret.size();
  for (std::size_t i = 0; i < given.size(); ++i) {
    same &= given[i] == secret[i % secret.size()];
  }
  return same;
}

// Asks worker after worker; the text is handed along, so that nothing is shared.
void gather(Server& server, Responder responder, std::size_t next, std::string so_far) {
  if (next == server.workers().size()) {
    LocalResponse response;
    response.content_type = "application/x-ndjson";
    response.content = std::move(so_far);
    return responder.answer(std::move(response));
  }
  server.workers()[next]->with_front([&server, responder, next, lines = std::move(so_far)](const Front& front) mutable {
    front.describe(lines, connections_shown);
    server.loop().post_work([&server, responder, next, all = std::move(lines)]() mutable {
      gather(server, responder, next + 1, std::move(all));
    });
  });
}

DrainTimes times_of(const Snapshot& snapshot) {
  const policies::ListenerPlan& plan = snapshot.plan->listener;
  return {plan.drain_announce, plan.drain_finish, snapshot.configuration->platform.termination_grace};
}

}  // namespace

void TelemetryHandler::on_request(const LocalRequest& request, Responder responder) {
  constexpr std::string_view drain_prefix = "/drain/";
  if (request.path.starts_with(drain_prefix)) {
    const std::string& token = server_.options().drain_token;
    const bool known = !token.empty() && same_secret(request.path.substr(drain_prefix.size()), token);
    if (!known) return responder.answer(not_found());
    if (!reads(request) && request.method != "POST") return responder.answer(wrong_method("GET, POST"));
    server_.drain().tell(responder);
    return server_.drain().start(times_of(server_.snapshot()), false);
  }
  constexpr std::string_view probe_prefix = "/app-probe/";
  if (request.path.starts_with(probe_prefix)) {
    AppProbe* probe = server_.app_probe(request.path.substr(probe_prefix.size()));
    if (probe == nullptr) return responder.answer(not_found());
    if (!reads(request)) return responder.answer(wrong_method("GET, HEAD"));
    return probe->ask(responder);
  }
  const bool known = request.path == "/metrics" || request.path == "/livez" || request.path == "/readyz";
  if (!known) return responder.answer(not_found());
  if (!reads(request)) return responder.answer(wrong_method("GET, HEAD"));
  if (request.path == "/metrics") return responder.answer(metrics());
  if (request.path == "/readyz") return responder.answer(ready());
  responder.answer(alive());
}

LocalResponse TelemetryHandler::alive() const {
  const std::optional<std::size_t> stuck = server_.loops().stuck();
  if (!stuck) return text(200, "alive\n");
  return text(503, "worker " + std::to_string(*stuck) + " has not turned for 10s\n");
}

LocalResponse TelemetryHandler::ready() const {
  if (server_.drain().draining()) return text(503, "draining\n");
  if (!server_.health().healthy()) return text(503, std::string("app not healthy: ") + server_.health().why() + "\n");
  return text(200, "ready\n");
}

LocalResponse TelemetryHandler::metrics() {
  publish_gauges();
  LocalResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.content = server_.registry().expose();
  return response;
}

void TelemetryHandler::publish_gauges() {
  telemetry::Registry& registry = server_.registry();
  const auto sum = [this](WorkerCounters::Count WorkerCounters::* member) {
    std::uint64_t total = 0;
    for (const auto& worker : server_.workers()) total += (worker->counters().*member).load(std::memory_order_relaxed);
    return total;
  };
  const std::uint64_t idle = sum(&WorkerCounters::downstream_idle);
  const std::uint64_t lingering = sum(&WorkerCounters::downstream_lingering);
  registry.set(Family::connections, {"downstream", "idle"}, idle - std::min(idle, lingering));
  registry.set(Family::connections, {"downstream", "active"}, sum(&WorkerCounters::downstream_active));
  registry.set(Family::connections, {"downstream", "lingering"}, lingering);
  registry.set(Family::connections, {"upstream", "idle"}, sum(&WorkerCounters::upstream_idle));
  registry.set(Family::connections, {"upstream", "active"}, sum(&WorkerCounters::upstream_active));
  registry.set(Family::upstream_connects, {"ok"}, sum(&WorkerCounters::connects_ok));
  registry.set(Family::upstream_connects, {"refused"}, sum(&WorkerCounters::connects_refused));
  registry.set(Family::upstream_connects, {"given_up"}, sum(&WorkerCounters::connects_timeout));
  registry.set(Family::upstream_connects, {"error"}, sum(&WorkerCounters::connects_error));
  const Shared& shared = server_.shared();
  registry.set(Family::exchanges_in_flight, {}, shared.concurrency.in_use());
  registry.set(Family::exchanges_queued, {}, shared.queue.in_use());
  registry.set(Family::rate_limit_evictions, {}, shared.rates.evictions());
  registry.set(Family::log_lines_dropped, {}, server_.writer().dropped());
  registry.set(Family::upstream_healthy, {}, server_.health().healthy() ? 1 : 0);
  registry.set(Family::draining, {}, server_.drain().draining() ? 1 : 0);
  registry.set(Family::bypass_seen, {}, server_.bypass().seen());
  registry.set(Family::loop_lag, {}, static_cast<std::uint64_t>(server_.loops().lag().count()));
  registry.set(Family::accept_pauses, {}, sum(&WorkerCounters::accept_pauses));
  registry.set(Family::connections_refused, {"enforced"}, sum(&WorkerCounters::refused_connections));
  registry.set(Family::connections_refused, {"would_enforce"}, sum(&WorkerCounters::would_refuse_connections));
}

void AdminHandler::on_request(const LocalRequest& request, Responder responder) {
  if (request.path == "/effective") {
    if (!reads(request)) return responder.answer(wrong_method("GET, HEAD"));
    return responder.answer(text(200, config::effective_text(*server_.snapshot().configuration)));
  }
  if (request.path == "/loglevel") {
    if (reads(request)) return responder.answer(text(200, server_.loggers().levels() + "\n"));
    if (request.method != "PUT") return responder.answer(wrong_method("GET, HEAD, PUT"));
    return responder.answer(set_level(request.content));
  }
  if (request.path == "/connections") {
    if (!reads(request)) return responder.answer(wrong_method("GET, HEAD"));
    return connections(responder);
  }
  if (request.path == "/drain") {
    if (request.method != "POST") return responder.answer(wrong_method("POST"));
    server_.drain().tell(responder);
    return server_.drain().start(times_of(server_.snapshot()), false);
  }
  responder.answer(not_found());
}

LocalResponse AdminHandler::set_level(std::string_view content) {
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) content.remove_suffix(1);
  if (content.empty())
    return text(400, "no level given: write a level, or levels for areas, such as info,policy=debug\n");
  const auto spec = telemetry::parse_level_spec(content);
  if (!spec) return text(400, spec.error() + "\n");
  server_.loggers().set_levels(telemetry::LevelSource::request, spec.value());
  return text(200, server_.loggers().levels() + "\n");
}

// Every worker describes its own connections; the parts travel from loop to loop and the last worker's completes the
// answer.
void AdminHandler::connections(Responder responder) { gather(server_, responder, 0, {}); }

}  // namespace holdfast::proxy
