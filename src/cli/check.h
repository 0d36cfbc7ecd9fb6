#pragma once

#include "cli/command.h"

namespace holdfast::cli {

int run_check(std::span<const std::string_view> args);

inline constexpr Command check_command{
    "check", "validates configuration files and prints every fault",
    "Usage: holdfast check FILE… [--memory SIZE]\n\n"
    "Reads platform files and policy files, prints every fault as\n"
    "  file:line:col: error[CODE]: sentence; did you mean …; fix: …\n"
    "and exits 0 when there is none, 78 otherwise. A policy file that a platform file names is\n"
    "checked with it.\n\n"
    "  --memory SIZE   also checks that the worst case fits into this much memory\n\n"
    "Example:\n  holdfast check config/holdfast.yaml policies/users.yaml --memory 128MiB\n",
    run_check};

}  // namespace holdfast::cli
