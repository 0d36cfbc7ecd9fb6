#include "webhook/handlers.h"

#include <algorithm>

#include "core/bytes.h"

namespace holdfast::webhook {
namespace {

using kubernetes::Review;
using proxy::LocalRequest;
using proxy::LocalResponse;
using telemetry::Area;
using telemetry::Family;
using telemetry::Level;

LocalResponse text(std::uint16_t status, std::string content) {
  LocalResponse response;
  response.status = status;
  response.content = std::move(content);
  return response;
}

LocalResponse response_of(Review review) {
  LocalResponse response;
  response.status = static_cast<std::uint16_t>(review.status);
  response.content_type = std::move(review.content_type);
  response.content = std::move(review.content);
  if (review.status == 405) response.extra_fields = "allow: POST\r\n";
  return response;
}

// `application/json; charset=utf-8` is one.
bool is_json(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return equals_lower(type, "application/json");
}

Review review_of(const LocalRequest& request, const kubernetes::InjectOptions& options) {
  if (request.path != "/mutate") return kubernetes::refusal(404, "there is no such path; reviews go to POST /mutate");
  if (request.method != "POST") return kubernetes::refusal(405, "reviews are sent with POST");
  if (!is_json(request.content_type)) return kubernetes::refusal(415, "the Content-Type is not application/json");
  if (!request.content_encoding.empty()) return kubernetes::refusal(415, "content with a coding is not accepted");
  return kubernetes::review(request.content, options);
}

}  // namespace

ReviewLog::ReviewLog(telemetry::Loggers& loggers, telemetry::Registry& registry)
    : loggers_(loggers), cells_(registry.slab(0)), duration_(registry.histogram(Family::webhook_review_duration)) {
  for (const auto outcome :
       {Review::Outcome::patched, Review::Outcome::unchanged, Review::Outcome::denied, Review::Outcome::refused}) {
    outcomes_[static_cast<std::size_t>(outcome)] = registry.cell(Family::webhook_reviews, {kubernetes::word(outcome)});
  }
}

void ReviewLog::reviewed(const Review& review, Duration took, std::size_t bytes) noexcept {
  cells_.add(outcomes_[static_cast<std::size_t>(review.outcome)]);
  cells_.observe(duration_, took);
  const bool refused = review.outcome == Review::Outcome::refused;
  const auto us = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  loggers_.write(Area::access, refused ? Level::warn : Level::info, "review",
                 {{"outcome", kubernetes::word(review.outcome)},
                  {"status", static_cast<std::uint64_t>(review.status)},
                  {"uid", review.uid},
                  {"namespace", review.namespace_name},
                  {"pod", review.pod},
                  {"code", review.code},
                  {"reason", review.reason},
                  {"warnings", review.warnings},
                  {"bytes", bytes},
                  {"us", us}});
}

void ReviewLog::refused_by_engine(const policies::Exchange& x) noexcept {
  cells_.add(outcomes_[static_cast<std::size_t>(Review::Outcome::refused)]);
  loggers_.write(Area::access, Level::warn, "review",
                 {{"outcome", kubernetes::word(Review::Outcome::refused)},
                  {"status", static_cast<std::uint64_t>(x.status)},
                  {"code", failure(x.error.reason).word},
                  {"reason", x.error.detail == nullptr ? failure(x.error.reason).text : x.error.detail},
                  {"client", x.connection->peer.view()},
                  {"bytes", x.bytes_in}});
}

void EngineRefusals::on_complete(const policies::Exchange& x) {
  if (x.error.reason != Reason::ok && x.error.reason != Reason::downstream_gone) log_.refused_by_engine(x);
}

void MutateHandler::on_request(const LocalRequest& request, proxy::Responder responder) {
  const TimePoint begun = steady_now();
  Review review = review_of(request, options_);
  log_.reviewed(review, steady_now() - begun, request.content.size());
  responder.answer(response_of(std::move(review)));
}

void TelemetryHandler::on_request(const LocalRequest& request, proxy::Responder responder) {
  const bool known = request.path == "/metrics" || request.path == "/livez" || request.path == "/readyz";
  if (!known) return responder.answer(text(404, "not found\n"));
  if (request.method != "GET" && request.method != "HEAD") {
    LocalResponse response = text(405, "method not allowed\n");
    response.extra_fields = "allow: GET, HEAD\r\n";
    return responder.answer(std::move(response));
  }
  if (request.path == "/metrics") return responder.answer(metrics());
  if (request.path == "/readyz") return responder.answer(ready());
  responder.answer(text(200, "alive\n"));  // this answer is the proof: there is one loop
}

LocalResponse TelemetryHandler::ready() const {
  if (sources_.drain.draining()) return text(503, "draining\n");
  if (const auto why = sources_.certificates.trouble()) return text(503, *why + "\n");
  return text(200, "ready\n");
}

LocalResponse TelemetryHandler::metrics() {
  sources_.registry.set(Family::draining, {}, sources_.drain.draining() ? 1 : 0);
  sources_.registry.set(Family::log_lines_dropped, {}, sources_.writer.dropped());
  LocalResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.content = sources_.registry.expose();
  return response;
}

}  // namespace holdfast::webhook
