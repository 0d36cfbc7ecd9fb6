// conversations: what clients and app may say to each other through the proxy, from the first connection to the end of
// the last exchange. Each goes on whatever becomes of it, so that a test can let any part of it fail.
#pragma once

#include <span>
#include <string_view>

#include "support/scenario.h"

namespace holdfast::testing {

struct Conversation {
  std::string_view name;
  std::string_view policies;
  // Plays it; returns how many of the `due` clients got the answer they were due.
  int (*play)(Scenario& scenario);
  int due;
};

std::span<const Conversation> conversations();

// Whether a client that comes now gets its 200.
bool next_is_served(Scenario& scenario);

}  // namespace holdfast::testing
