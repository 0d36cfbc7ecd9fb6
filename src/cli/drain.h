#pragma once

#include "cli/command.h"

namespace holdfast::cli {

int run_drain(std::span<const std::string_view> args);

inline constexpr Command drain_command{"drain", "asks a running Holdfast to drain",
                                       "Usage: holdfast drain [--admin ADDRESS]\n"
                                       "\n"
                                       "Asks the Holdfast whose admin listener is at ADDRESS (default 127.0.0.1:9901) "
                                       "to drain, and waits until it has. The process\n"
                                       "stays up; without a SIGTERM within terminationGrace the drain is undone.\n"
                                       "\n"
                                       "Example:\n"
                                       "  holdfast drain\n",
                                       run_drain};

}  // namespace holdfast::cli
