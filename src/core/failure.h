// The one table of failure: every bad end of an exchange is a row.
//
// Enumerators name the party (upstream_reset); the word shown in logs, metrics and docs (`app_reset`) comes from the
// table. Nothing else on the data path writes a status of 400 or above. Proxy-Status types are those of RFC 9209 2.3.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace holdfast {

enum class Blame : std::uint8_t { none, client, app, sidecar, operator_ };

// `status` 0: the response keeps the status the app sent. `text`: what a client is told of a 4xx; a 5xx says only the
// configured message.
// clang-format off
//      enumerator                    word shown               status blame         Proxy-Status error                   text
#define HOLDFAST_FAILURES(X)                                                                                                    \
  X(bad_request,                 "bad_request",           400, client,  "http_request_error",                "bad request")          \
  X(downstream_headers_slow,     "client_headers_slow",   408, client,  "http_request_error",                "request header section not complete in time") \
  X(downstream_body_slow,        "client_body_slow",      408, client,  "http_request_error",                "request content not received in time") \
  X(downstream_read_slow,        "client_read_slow",      408, client,  "http_request_error",                "response not read in time") \
  X(body_too_large,              "body_too_large",        413, client,  "http_request_error",                "request content too large") \
  X(uri_too_long,                "uri_too_long",          414, client,  "http_request_error",                "request target too long") \
  X(headers_too_large,           "headers_too_large",     431, client,  "http_request_error",                "request header fields too large") \
  X(method_refused,              "method_refused",        501, client,  "http_request_error",                "method not supported") \
  X(unsupported_version,         "unsupported_version",   505, client,  "http_request_error",                "HTTP version not supported") \
  X(downstream_gone,             "client_gone",           499, client,  "",                                  "")                     \
  X(rate_limited,                "rate_limited",          429, client,  "http_request_error",                "too many requests")    \
  X(queue_full,                  "queue_full",            503, sidecar, "connection_limit_reached",          "")                     \
  X(queue_timeout,               "queue_timeout",         503, sidecar, "connection_limit_reached",          "")                     \
  X(too_many_connections,        "too_many_connections",  503, sidecar, "proxy_internal_response",           "")                     \
  X(draining,                    "draining",              503, sidecar, "proxy_internal_response",           "")                     \
  X(memory_pressure,             "memory_pressure",       503, sidecar, "proxy_internal_response",           "")                     \
  X(upstream_not_ready,          "app_not_ready",         503, app,     "destination_unavailable",           "")                     \
  X(upstream_refused,            "app_refused",           502, app,     "connection_refused",                "")                     \
  X(upstream_connect_slow,       "app_connect_slow",      504, app,     "connection_timeout",                "")                     \
  X(upstream_first_byte_slow,    "app_first_byte_slow",   504, app,     "http_response_timeout",             "")                     \
  X(upstream_request_slow,       "app_request_slow",      504, app,     "http_response_timeout",             "")                     \
  X(upstream_stream_idle,        "app_stream_idle",       504, app,     "http_response_timeout",             "")                     \
  X(upstream_reset,              "app_reset",             502, app,     "connection_terminated",             "")                     \
  X(upstream_truncated,          "app_truncated",           0, app,     "http_response_incomplete",          "")                     \
  X(upstream_bad_response,       "app_bad_response",      502, app,     "http_protocol_error",               "")                     \
  X(upstream_headers_too_large,  "app_headers_too_large", 502, app,     "http_response_header_section_size", "")                     \
  X(upstream_5xx,                "app_5xx",                 0, app,     "",                                  "")                     \
  X(internal,                    "internal",              500, sidecar, "proxy_internal_error",              "")
// clang-format on

enum class Reason : std::uint8_t {
  ok,
#define X(enumerator, ...) enumerator,
  HOLDFAST_FAILURES(X)
#undef X
};

struct Failure {
  std::string_view word;
  std::uint16_t status;
  Blame blame;
  std::string_view proxy_status;
  std::string_view text;
};

inline constexpr std::array failure_table{Failure{"ok", 0, Blame::none, "", ""},
#define X(enumerator, word, status, blame, token, text) Failure{word, status, Blame::blame, token, text},
                                          HOLDFAST_FAILURES(X)
#undef X
};
inline constexpr std::size_t reason_count = failure_table.size();

constexpr const Failure& failure(Reason reason) noexcept { return failure_table[static_cast<std::size_t>(reason)]; }

constexpr std::string_view word(Blame blame) noexcept {
  switch (blame) {
    case Blame::none: return "none";
    case Blame::client: return "client";
    case Blame::app: return "app";
    case Blame::sidecar: return "sidecar";
    case Blame::operator_: return "operator";
  }
  return "";
}

// A setting that can end an exchange, with where it was written. Owned by the configuration snapshot.
struct Rule {
  std::string_view policy;   // "timeouts"
  std::string_view setting;  // "firstByte"
  std::string_view origin;   // "policies/users.yaml:12"
};

// What went wrong in one exchange. Small and trivially copyable; only the log and local_reply render it.
struct Error {
  Reason reason = Reason::internal;
  const Rule* rule =
      nullptr;  // the setting that ended it; null when no setting did. Lives as long as the exchange's snapshot.
  const char* detail = nullptr;  // the grammar rule that was broken, a string literal; never bytes of a peer
  std::uint64_t value = 0;       // what was seen: bytes, a byte offset, a count; 0 when it means nothing
  std::uint64_t limit = 0;       // what was allowed; 0 when no limit applied
};

}  // namespace holdfast
