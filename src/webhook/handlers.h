// handlers: what the webhook's two listeners answer: POST /mutate over TLS; /metrics, /livez and /readyz beside it.
#pragma once

#include "kubernetes/review.h"
#include "policies/policy.h"
#include "proxy/drain.h"
#include "proxy/local_origin.h"
#include "telemetry/log.h"
#include "telemetry/log_writer.h"
#include "telemetry/metrics.h"
#include "webhook/certificates.h"

namespace holdfast::webhook {

// Counts and tells every review, whoever answered it.
class ReviewLog {
 public:
  ReviewLog(telemetry::Loggers& loggers, telemetry::Registry& registry);
  void reviewed(const kubernetes::Review& review, Duration took, std::size_t bytes) noexcept;
  void refused_by_engine(const policies::Exchange& x) noexcept;

 private:
  telemetry::Loggers& loggers_;
  telemetry::Slab& cells_;
  std::array<telemetry::CellId, 4> outcomes_;  // by Review::Outcome
  telemetry::HistogramId duration_;
};

// What ends before it reaches the handler: content too large or too slow, a malformed head.
class EngineRefusals final : public policies::Policy {
 public:
  explicit EngineRefusals(ReviewLog& log) noexcept : log_(log) {}
  void on_complete(const policies::Exchange& x) override;

 private:
  ReviewLog& log_;
};

class MutateHandler final : public proxy::LocalHandler {
 public:
  MutateHandler(const kubernetes::InjectOptions& options, ReviewLog& log) noexcept : options_(options), log_(log) {}
  void on_request(const proxy::LocalRequest& request, proxy::Responder responder) override;

 private:
  const kubernetes::InjectOptions& options_;
  ReviewLog& log_;
};

class TelemetryHandler final : public proxy::LocalHandler {
 public:
  struct Sources {
    telemetry::Registry& registry;
    telemetry::LogWriter& writer;
    const Certificates& certificates;
    const proxy::Drain& drain;
  };
  explicit TelemetryHandler(const Sources& sources) noexcept : sources_(sources) {}
  void on_request(const proxy::LocalRequest& request, proxy::Responder responder) override;

 private:
  proxy::LocalResponse ready() const;
  proxy::LocalResponse metrics();

  Sources sources_;
};

}  // namespace holdfast::webhook
