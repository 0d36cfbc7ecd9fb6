// families: every metric family that /metrics can show, one row each: name, type, labels, help.
//
// Values are 64-bit cells; `scale` turns a cell into the shown unit (nanoseconds to seconds). Cells of workers are
// added, or the largest is shown.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/clock.h"

namespace holdfast::telemetry {

enum class Family : std::uint8_t {
  requests,
  request_duration,
  upstream_first_byte,
  failures,
  policy_decisions,
  request_body_bytes,
  response_body_bytes,
  connections,
  connections_refused,
  accept_pauses,
  exchanges_in_flight,
  exchanges_queued,
  limit,
  upstream_connects,
  upstream_healthy,
  draining,
  log_lines_dropped,
  loop_lag,
  rate_limit_evictions,
  bypass_seen,
  waivers_expired,
  series_folded,
  config_reload_success,
  config_reload_timestamp,
  config_reload_info,
  webhook_reviews,
  webhook_review_duration,
  tls_handshakes,
  certificate_expiry,
  certificate_reload_success,
  build_info,
};

enum class FamilyKind : std::uint8_t { counter, gauge, histogram };
enum class Across : std::uint8_t { sum, largest };  // workers

struct FamilyRow {
  static constexpr std::size_t labels_max = 4;

  std::string_view name;
  FamilyKind kind;
  std::array<std::string_view, labels_max> labels;  // unused ones are empty
  std::string_view help;
  double scale = 1;
  Across across = Across::sum;

  constexpr std::size_t label_count() const noexcept {
    std::size_t n = 0;
    while (n < labels_max && !labels[n].empty()) ++n;
    return n;
  }
};

inline constexpr double nanoseconds = 1e-9;

// In the order of Family. HELP is shown as it is: no line ends, no backslash.
inline constexpr std::array families{
    FamilyRow{"holdfast_http_requests_total",
              FamilyKind::counter,
              {"route", "method", "code"},
              "Requests answered, by route, method and status sent to the client."},
    FamilyRow{"holdfast_http_request_duration_seconds",
              FamilyKind::histogram,
              {"route"},
              "Time from the first byte of a request to the last byte of its response.",
              nanoseconds},
    FamilyRow{"holdfast_upstream_first_byte_seconds",
              FamilyKind::histogram,
              {},
              "Time from the last byte sent to the app to its complete response head.",
              nanoseconds},
    FamilyRow{"holdfast_exchange_failures_total",
              FamilyKind::counter,
              {"reason", "blame", "route"},
              "Exchanges that ended badly, by reason and by who must act."},
    FamilyRow{"holdfast_policy_decisions_total",
              FamilyKind::counter,
              {"policy", "outcome"},
              "Exchanges a policy decided, or would have decided in report mode."},
    FamilyRow{"holdfast_request_body_bytes_total", FamilyKind::counter, {}, "Content bytes received from clients."},
    FamilyRow{"holdfast_response_body_bytes_total", FamilyKind::counter, {}, "Content bytes sent to clients."},
    FamilyRow{"holdfast_connections", FamilyKind::gauge, {"side", "state"}, "Open connections."},
    FamilyRow{"holdfast_connections_refused_total",
              FamilyKind::counter,
              {"outcome"},
              "Client connections beyond a limit, refused or let in by report mode."},
    FamilyRow{
        "holdfast_accept_pauses_total", FamilyKind::counter, {}, "Pauses of accepting because no descriptor was left."},
    FamilyRow{"holdfast_exchanges_in_flight", FamilyKind::gauge, {}, "Exchanges admitted and not finished."},
    FamilyRow{"holdfast_exchanges_queued", FamilyKind::gauge, {}, "Exchanges waiting for a slot."},
    FamilyRow{"holdfast_limit", FamilyKind::gauge, {"name"}, "Configured limits, beside the gauges they bound."},
    FamilyRow{"holdfast_upstream_connects_total", FamilyKind::counter, {"result"}, "Connections tried to the app."},
    FamilyRow{"holdfast_upstream_healthy", FamilyKind::gauge, {}, "1 while the background check of the app succeeds."},
    FamilyRow{"holdfast_draining", FamilyKind::gauge, {}, "1 while a drain is under way."},
    FamilyRow{"holdfast_log_lines_dropped_total", FamilyKind::counter, {}, "Log lines that could not be written."},
    FamilyRow{"holdfast_loop_lag_seconds",
              FamilyKind::gauge,
              {},
              "How late the slowest event loop ran its last timer.",
              nanoseconds,
              Across::largest},
    FamilyRow{"holdfast_rate_limit_evictions_total",
              FamilyKind::counter,
              {},
              "Rate limit keys forgotten while still in use."},
    FamilyRow{
        "holdfast_bypass_seen_total", FamilyKind::counter, {}, "Connections seen that reach the app around the proxy."},
    FamilyRow{"holdfast_waivers_expired", FamilyKind::gauge, {}, "Accepted risks whose date has passed."},
    FamilyRow{"holdfast_series_folded_total",
              FamilyKind::counter,
              {},
              "New series shown under another route because seriesMax is reached."},
    FamilyRow{"holdfast_config_reload_success",
              FamilyKind::gauge,
              {},
              "1 when the last load of the configuration succeeded."},
    FamilyRow{"holdfast_config_reload_timestamp_seconds",
              FamilyKind::gauge,
              {},
              "When the configuration in force was loaded.",
              nanoseconds},
    FamilyRow{"holdfast_config_reload_info", FamilyKind::gauge, {"hash"}, "The configuration in force."},
    FamilyRow{"holdfast_webhook_reviews_total",
              FamilyKind::counter,
              {"outcome"},
              "Admission reviews answered, by what became of the pod; refused ones were no reviews."},
    FamilyRow{"holdfast_webhook_review_duration_seconds",
              FamilyKind::histogram,
              {},
              "Time from the complete admission review to its answer.",
              nanoseconds},
    FamilyRow{"holdfast_tls_handshakes_total", FamilyKind::counter, {"result"}, "TLS handshakes ended."},
    FamilyRow{"holdfast_certificate_expiry_timestamp_seconds",
              FamilyKind::gauge,
              {},
              "When the certificate in use expires.",
              nanoseconds},
    FamilyRow{"holdfast_certificate_reload_success",
              FamilyKind::gauge,
              {},
              "1 when the last load of the certificate succeeded."},
    FamilyRow{"holdfast_build_info", FamilyKind::gauge, {"version", "commit"}, "The running build."},
};
static_assert(families.size() == static_cast<std::size_t>(Family::build_info) + 1);

constexpr const FamilyRow& row(Family family) noexcept { return families[static_cast<std::size_t>(family)]; }

// Upper bounds of both histograms; one more bucket has no bound.
inline constexpr std::array latency_bounds{Duration{5'000'000},     Duration{10'000'000},    Duration{25'000'000},
                                           Duration{50'000'000},    Duration{75'000'000},    Duration{100'000'000},
                                           Duration{250'000'000},   Duration{500'000'000},   Duration{750'000'000},
                                           Duration{1'000'000'000}, Duration{2'500'000'000}, Duration{5'000'000'000},
                                           Duration{7'500'000'000}, Duration{10'000'000'000}};
inline constexpr std::uint32_t histogram_cells = latency_bounds.size() + 2;   // a count per bucket, and the sum
inline constexpr std::uint32_t histogram_series = latency_bounds.size() + 3;  // buckets with +Inf, _sum, _count

}  // namespace holdfast::telemetry
