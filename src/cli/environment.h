// What this machine allows: for the rules that compare limits with it.
#pragma once

#include "config/configuration.h"

namespace holdfast::cli {

// The hard limit of descriptors, the memory limit of the cgroup (v2 or v1), and today's date (UTC).
config::Environment this_machine();

}  // namespace holdfast::cli
