// exchange: what the proxy knows of one request and its response; the data that policies see.
//
// Owned by the engine (proxy/exchange.cpp has the behaviour). Lives from the first byte of a request to on_complete().
// Objects are used again for later requests: clear() brings one back to the start without giving memory back.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/client_address.h"
#include "core/clock.h"
#include "core/failure.h"
#include "http/forwarding.h"
#include "http/head.h"
#include "policies/plan.h"

namespace holdfast::policies {

struct ConnectionFacts {
  std::uint64_t id = 0;        // unique in the process
  std::uint64_t requests = 0;  // on this connection so far, this one included
  ClientAddress peer;
};

// Fields set on an outgoing head. Names and values must live as long as the exchange or the plan.
struct FieldEdits {
  static constexpr std::size_t room = 8;
  std::array<http::AddedField, room> fields;
  std::size_t size = 0;
  http::FieldSet drop;
  void set(std::string_view name, std::string_view value) noexcept {
    if (size < room) fields[size++] = {name, value};
  }
};

// When things happened; a default TimePoint means not yet. Steady clock.
struct Moments {
  TimePoint begun;  // first byte of the request
  TimePoint head_complete;
  TimePoint admitted;
  TimePoint connected;      // an upstream connection was there (new or reused)
  TimePoint request_sent;   // last byte of the request handed to the app's connection
  TimePoint first_byte;     // response head complete
  TimePoint response_done;  // last byte written to the client, or the end
};

struct TraceContext {
  std::array<char, 32> trace_id{};  // lower-case hexadecimal
  bool known = false;
};

// A setting in report mode that would have acted on this exchange.
struct WouldHave {
  Reason reason = Reason::ok;
  const Rule* rule = nullptr;
};

struct Exchange {
  const Plan* plan = nullptr;        // the snapshot this exchange runs under
  const RoutePlan* route = nullptr;  // never null once the request head is complete
  const ConnectionFacts* connection = nullptr;

  http::RequestHead request;
  http::ResponseHead response;
  bool request_head_complete = false;
  bool response_head_seen = false;

  std::array<char, 128> request_id{};  // made at the first byte; requestId may put the client's in its place
  std::uint8_t request_id_size = 0;
  bool request_id_replaced = false;  // the client sent one that was not acceptable
  std::string_view id() const noexcept { return {request_id.data(), request_id_size}; }

  ClientAddress client;  // behind the trusted proxies
  TraceContext trace;
  FieldEdits request_edits;   // on the way to the app
  FieldEdits response_edits;  // on the way to the client

  WallTime wall_begun{};
  Moments at;
  TimePoint now;                // the turn's time, refreshed by the engine before hooks run
  std::uint64_t bytes_in = 0;   // content received from the client
  std::uint64_t bytes_out = 0;  // content sent to the client
  std::uint64_t upstream_connection = 0;
  std::uint64_t upstream_nth = 0;  // requests on that upstream connection, this one included
  bool upstream_reused = false;
  bool resent = false;
  bool upgraded = false;

  std::uint16_t status = 0;  // sent to the client; 499 when it left before
  Error error;               // reason ok unless something went wrong
  bool truncated = false;
  std::uint32_t retry_after_seconds = 0;  // for a refusal
  std::string cause;  // bounded; the app's 5xx body, or the text of an exception. Redacted before it is printed.
  std::array<WouldHave, 4> would{};  // report mode
  std::uint8_t would_size = 0;
  void would_have(Reason reason, const Rule* rule) noexcept {
    for (std::uint8_t i = 0; i < would_size; ++i) {
      if (would[i].rule == rule && would[i].reason == reason) return;
    }
    if (would_size < would.size()) would[would_size++] = {reason, rule};
  }

  TimePoint ended() const noexcept { return at.response_done == TimePoint{} ? now : at.response_done; }

  void clear() noexcept;
};

}  // namespace holdfast::policies
