// faults: the routes of --faults, which misbehave on purpose so that a proxy in front has something real to act on.
//
// Pure: says what is to be done. What needs the bare connection or time is a `Fault`, played by fault_player.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "backend/api.h"
#include "backend/http_message.h"
#include "core/clock.h"

namespace users {

struct Crash {};    // ends the process
struct Hang {};     // never answers
struct Reset {};    // RST instead of an answer
struct Garbage {};  // bytes that are not HTTP, then close

struct Slow {
  holdfast::Duration wait{};
};

// A long answer: with Content-Length, or chunked. `bytes_per_second` 0: as fast as the client reads.
struct Big {
  std::uint64_t bytes = 0;
  std::uint64_t bytes_per_second = 0;
  bool chunked = false;
};

// Server-sent events `data: {"n":1}` and so on.
struct Events {
  std::uint64_t count = 0;
  holdfast::Duration interval{};
};

using Fault = std::variant<Crash, Hang, Reset, Garbage, Slow, Big, Events>;

// What a request asks for: an answer at once, work for the core, or a fault.
using Plan = std::variant<Reply, Command, Fault>;

// Nothing when the path is no fault route. /boom throws, which is its purpose.
std::optional<Plan> plan_fault(const Request& request);

}  // namespace users
