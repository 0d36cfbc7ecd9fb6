// Every fault in every phase, against what must come of it: reason, status the client saw, seconds until it was over,
// and whether the app's connection was used again. `reused` must never stand where the app's connection was in doubt.
//
// Also checked for each cell: the next request is served, and nothing is left (the scenario's own check at its end).
#include "matrix.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

using namespace holdfast::testing;

namespace {

struct Row {
  std::string_view fault;
  std::array<std::string_view, phase_words.size()>
      outcomes;  // in the order of the phases; empty: there is no such cell
};

constexpr std::array<Row, fault_words.size()> expected{{
    {"client closes",
     {"client_gone 0 0s", "client_gone 0 0s", "client_gone 0 0s", "client_gone 0 0s", "client_gone 0 0s",
      "client_gone 200 0s", "- 0 0s reused"}},
    {"client resets",
     {"client_gone 0 0s", "client_gone 0 0s", "client_gone 0 0s", "client_gone 0 0s", "client_gone 0 0s",
      "client_gone 200 0s", "- 0 0s reused"}},
    {"client half closes",
     {"client_gone 0 0s", "client_gone 0 0s", "client_gone 0 0s", "client_gone 0 0s", "client_gone 0 0s",
      "client_gone 200 0s", "- 0 0s reused"}},
    {"client stalls",
     {"client_body_slow 408 15s", "client_headers_slow 408 10s", "client_body_slow 408 15s", "ok 200 0s reused",
      "ok 200 0s reused", "ok 200 0s reused", "- 0 0s reused"}},
    {"client babbles",
     {"ok 200 0s reused", "bad_request 400 0s", "ok 200 0s reused", "ok 200 0s reused", "ok 200 0s reused",
      "ok 200 0s reused", "bad_request 400 0s reused"}},
    {"client trickles",
     {"app_connect_slow 504 1s", "client_headers_slow 408 10s", "ok 200 5s reused", "ok 200 0s reused",
      "ok 200 0s reused", "ok 200 0s reused", "- 0 0s reused"}},
    {"app closes",
     {"app_not_ready 503 0s", "", "app_reset 502 0s", "app_reset 502 0s", "app_reset 502 0s", "app_truncated 200 0s",
      "- 0 0s"}},
    {"app resets",
     {"app_not_ready 503 0s", "", "app_reset 502 0s", "app_reset 502 0s", "app_reset 502 0s", "app_truncated 200 0s",
      "- 0 0s"}},
    {"app stalls",
     {"app_connect_slow 504 1s", "", "app_first_byte_slow 504 10s", "app_first_byte_slow 504 10s",
      "app_first_byte_slow 504 10s", "app_request_slow 200 15s", "- 0 0s reused"}},
    {"app babbles",
     {"", "", "app_bad_response 502 0s", "app_bad_response 502 0s", "app_bad_response 502 0s", "ok 200 0s", "- 0 0s"}},
    {"app trickles",
     {"", "", "app_first_byte_slow 504 10s", "app_first_byte_slow 504 10s", "app_first_byte_slow 504 10s", "ok 200 5s",
      "- 0 0s reused"}},
    {"no descriptor",
     {"internal 500 0s", "internal 500 0s", "ok 200 0s reused", "ok 200 0s reused", "ok 200 0s reused",
      "ok 200 0s reused", "- 0 0s reused"}},
    {"clock jumps 1 h",
     {"app_request_slow 504 3600s", "client_headers_slow 408 3600s", "client_body_slow 408 3600s",
      "app_first_byte_slow 504 3600s", "app_first_byte_slow 504 3600s", "app_request_slow 200 3600s", "- 0 0s"}},
    {"wall clock jumps back",
     {"ok 200 0s reused", "ok 200 0s reused", "ok 200 0s reused", "ok 200 0s reused", "ok 200 0s reused",
      "ok 200 0s reused", "- 0 0s reused"}},
    {"no memory once",
     {"internal 500 0s", "internal 500 0s", "internal 500 0s", "internal 500 0s", "internal 500 0s", "ok 200 0s reused",
      "- 0 0s reused"}},
    {"log is full",
     {"- 200 0s reused 1 dropped", "- 200 0s reused 1 dropped", "- 200 0s reused 1 dropped",
      "- 200 0s reused 1 dropped", "- 200 0s reused 1 dropped", "- 200 0s reused 1 dropped", "- 0 0s reused"}},
}};

void print_head() {
  std::printf("%-22s", "");
  for (const std::string_view phase : phase_words)
    std::printf(" | %-29.*s", static_cast<int>(phase.size()), phase.data());
  std::printf("\n");
}

void print_row(const Row& row, const std::array<std::string, phase_words.size()>& seen) {
  std::printf("%-22.*s", static_cast<int>(row.fault.size()), row.fault.data());
  for (const std::string& outcome : seen) std::printf(" | %-29s", outcome.c_str());
  std::printf("\n");
}

}  // namespace

TEST_CASE(
    "faults: every fault in every phase ends as its row of the failure table says, and the next request is served") {
  print_head();
  for (std::size_t f = 0; f < fault_words.size(); ++f) {
    const Row& row = expected[f];
    REQUIRE(row.fault == fault_words[f]);
    std::array<std::string, phase_words.size()> seen;
    for (std::size_t p = 0; p < phase_words.size(); ++p) {
      const auto phase = static_cast<Phase>(p);
      const auto fault = static_cast<Fault>(f);
      if (exists(phase, fault)) seen[p] = play(phase, fault).text();
      CAPTURE(row.fault);
      CAPTURE(phase_words[p]);
      CHECK(seen[p] == row.outcomes[p]);
    }
    print_row(row, seen);
  }
}
