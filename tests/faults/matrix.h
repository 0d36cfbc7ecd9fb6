// The fault matrix: what strikes (rows) in which phase of an exchange (columns), and what must come of it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::testing {

enum class Phase : std::uint8_t {
  connect,
  request_fields,
  request_body,
  waiting,
  response_fields,
  response_body,
  idle,
};
inline constexpr std::array<std::string_view, 7> phase_words{
    "connect", "request fields", "request body", "waiting", "response fields", "response body", "idle"};

enum class Fault : std::uint8_t {
  client_closes,
  client_resets,
  client_half_closes,
  client_stalls,
  client_babbles,
  client_trickles,
  app_closes,
  app_resets,
  app_stalls,
  app_babbles,
  app_trickles,
  no_descriptor,
  clock_jumps_ahead,
  wall_clock_jumps_back,
  no_memory,  // for one allocation, the first that comes
  log_is_full,
};
inline constexpr std::array<std::string_view, 16> fault_words{
    "client closes",   "client resets",         "client half closes", "client stalls",
    "client babbles",  "client trickles",       "app closes",         "app resets",
    "app stalls",      "app babbles",           "app trickles",       "no descriptor",
    "clock jumps 1 h", "wall clock jumps back", "no memory once",     "log is full"};

// What came of a fault.
struct Outcome {
  std::string reason;         // word of the failure table; empty: no exchange to end
  int status = 0;             // first line the client saw; 0: none
  std::uint64_t seconds = 0;  // until the exchange was over, rounded up
  bool reused = false;        // the next request went over the same connection to the app
  bool next_served = false;   // and got its 200
  bool next_logged = false;   // and its line
  std::uint64_t dropped = 0;  // lines

  std::string text() const;
};

bool exists(Phase phase, Fault fault);

// Plays one cell, which exists, in a scenario of its own.
Outcome play(Phase phase, Fault fault);

}  // namespace holdfast::testing
