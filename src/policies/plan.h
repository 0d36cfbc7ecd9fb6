// plan: what the policies decided at configuration time, as data that the engine enforces in one place.
//
// Built once per configuration snapshot, immutable afterwards, shared by all workers. A `none` in the configuration
// arrives here as the fixed ceiling; `report` keeps the bound and says that crossing it only counts.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/failure.h"
#include "core/shared_limits.h"
#include "core/units.h"
#include "http/field_names.h"
#include "http/local_reply.h"
#include "http/routes.h"
#include "telemetry/redact.h"

namespace holdfast::policies {

// Ceilings that hold under `report` and `none` too.
inline constexpr Duration wait_ceiling = std::chrono::hours(1);
inline constexpr std::uint32_t head_bytes_ceiling = 256U << 10U;
inline constexpr std::uint32_t fields_ceiling = 1000;

struct TimeBound {
  Duration after = wait_ceiling;
  const Rule* rule = nullptr;
  bool report = false;  // when due: count, then wait on up to wait_ceiling

  // For waits that no exchange could report: under `report` only the ceiling is left.
  Duration silent() const noexcept { return report ? wait_ceiling : after; }
};

struct SizeBound {  // bytes or a count of one thing
  std::uint64_t max = UINT64_MAX;
  const Rule* rule = nullptr;
  bool report = false;
};

struct CountBound {  // things at the same time
  std::uint32_t max = UINT32_MAX;
  const Rule* rule = nullptr;
  bool report = false;
};

// Decided before the route is known; the same for every request of the listener.
struct ListenerPlan {
  TimeBound client_headers;
  TimeBound client_idle;
  TimeBound queue_wait;
  TimeBound upstream_idle;
  SizeBound head_bytes;
  SizeBound fields;
  SizeBound target_bytes;
  SizeBound requests_per_connection;
  CountBound connections;
  CountBound connections_per_client;
  CountBound concurrency;
  CountBound queue;
  std::uint8_t trusted_hops = 0;
  std::string request_id_header = "x-request-id";  // empty: ids are made for the log only
  Duration drain_announce = std::chrono::seconds(5);
  Duration drain_finish = std::chrono::seconds(20);
  std::uint32_t series_max = 2000;
  std::uint32_t rate_keys_max = 10000;
  std::string service;
};

struct RoutePlan {
  std::string name = "unmatched";  // the metric label
  std::uint32_t index = 0;         // 0 is `unmatched`, then the configured routes in order
  TimeBound client_body_idle;
  TimeBound connect;
  TimeBound first_byte;
  TimeBound request;
  TimeBound stream_idle;
  std::uint16_t expired_status = failure(Reason::upstream_first_byte_slow).status;
  SizeBound body;
  // errors
  bool replace_5xx = true;
  bool replace_5xx_report = false;  // report mode: count what would have been replaced
  const Rule* replace_5xx_rule = nullptr;
  std::string message = "internal error";
  std::uint64_t keep_cause = 2048;  // bytes
  http::ReplyFormat format = http::ReplyFormat::simple;
  bool proxy_status = false;
  bool strip = true;  // drop fields marked mark_strip
};

// One configuration snapshot, as far as the data path is concerned.
struct Plan {
  ListenerPlan listener;
  std::vector<RoutePlan> routes;  // [0] is `unmatched`
  http::Routes matches;           // which of them
  http::FieldNames names;
  telemetry::NameSet redact_query;  // parameters of a query
  telemetry::NameSet redact_json;   // members of JSON
  std::deque<Rule> rules;           // one per setting, stable addresses; the text lives in rule_texts
  std::deque<std::string> rule_texts;
  std::map<std::string, const Rule*, std::less<>> rules_by_key;  // `timeouts.request`, `routes.NAME.timeouts.request`
  std::string hash;

  // The rule a setting is reported as, for requests of that route: the route's own line where it changes the setting.
  // Null for a name that no policy declares. Not for the data path.
  const Rule* rule(std::string_view policy, std::string_view setting, std::uint32_t route = 0) const;

  // The route of a request, by its method and target; RoutePlan 0 when none matches. GET also matches HEAD.
  const RoutePlan& route_of(std::string_view method, std::string_view path) const noexcept;
};

}  // namespace holdfast::policies
