#pragma once

#include "cli/command.h"

namespace holdfast::cli {

int run_schema(std::span<const std::string_view> args);

inline constexpr Command schema_command{
    "schema", "prints the JSON Schema of the files, for editors",
    "Usage: holdfast schema [platform | policy | reference]\n\n"
    "Prints the JSON Schema (draft 2020-12) of the platform file, of policy files, or of both.\n"
    "`reference` prints the same as a page of Markdown.\n\n"
    "Example:\n  holdfast schema policy > policy.schema.json\n"
    "  # first line of policies/users.yaml:\n"
    "  # yaml-language-server: $schema=../policy.schema.json\n",
    run_schema};

}  // namespace holdfast::cli
