// scenario_snapshot: the configuration of a scenario, loaded from text as the program does it, and a policy for tests.
#pragma once

#include "scenario.h"

namespace holdfast::testing {

proxy::SnapshotPtr load_snapshot(const Options& options);

// Its hooks throw where the field `x-throw` of the request says: request, response, complete.
void add_throwing_policy(policies::Pipeline& pipeline);

}  // namespace holdfast::testing
