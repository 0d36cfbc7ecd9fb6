#pragma once

#include "cli/command.h"

namespace holdfast::cli {

int run_effective(std::span<const std::string_view> args);

inline constexpr Command effective_command{
    "effective", "prints every setting in force and where it came from",
    "Usage: holdfast effective [--config FILE] [FLAGS]\n\n"
    "Prints one line per setting: its name, its value, and its origin, which is a place in a file,\n"
    "a flag, or a profile. Accepts the flags of holdfast run; a flag beats the file.\n\n"
    "  --config FILE   default: config/holdfast.yaml, unless --listen or --upstream is given\n"
    "  --service --listen --upstream --health --telemetry --admin --workers --memory --trusted-hops\n"
    "  --termination-grace --log-level --log-format --policy\n\n"
    "Example:\n  holdfast effective --config config/holdfast.yaml --workers 1\n",
    run_effective};

}  // namespace holdfast::cli
