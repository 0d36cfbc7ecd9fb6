// Flags of commands: `--name value` or `--name=value`, in any order, each at most once; `--` ends them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/loader.h"

namespace holdfast::cli {

struct FlagSpec {
  std::string_view name;  // `--memory`, `-f`
  bool takes_value = true;
};

struct Arguments {
  std::vector<config::FlagValue> flags;  // a flag without value has an empty one
  std::vector<std::string_view> rest;    // what is no flag

  bool has(std::string_view flag) const;
  // The value of the flag; nullopt when it is not there.
  std::optional<std::string_view> value(std::string_view flag) const;
};

struct UsageError {
  std::string sentence;
  std::string did_you_mean;
};

Result<Arguments, UsageError> parse_arguments(std::span<const std::string_view> args, std::span<const FlagSpec> known);

// --config, and every flag that overrides the platform file: what `run` and `effective` accept.
std::vector<FlagSpec> configuration_flags();
// The files and flags to load. Without --config the file is config/holdfast.yaml, unless --listen or --upstream is
// given.
config::Sources sources_of(const Arguments& arguments);

// For the usage texts of `run` and `effective`.
inline constexpr std::string_view default_config = "config/holdfast.yaml";

}  // namespace holdfast::cli
