#pragma once

#include <string>

#include "cli/command.h"

namespace holdfast::cli {

std::string version_number();
std::string version_commit();
std::string version_text();
int run_version(std::span<const std::string_view> args);

inline constexpr Command version_command{"version", "prints version, commit, build flags and library versions",
                                         "Usage: holdfast version\n\nExample:\n  holdfast version\n", run_version};

}  // namespace holdfast::cli
