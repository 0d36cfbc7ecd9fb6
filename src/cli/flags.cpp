#include "cli/flags.h"

#include <algorithm>

#include "config/nearest.h"

namespace holdfast::cli {
namespace {

UsageError unknown_flag(std::string_view name, std::span<const FlagSpec> known) {
  std::vector<std::string> names;
  for (const FlagSpec& one : known) names.emplace_back(one.name);
  const std::string near = config::nearest(name, names);
  return {"there is no flag '" + std::string(name) + "'", near};
}

}  // namespace

bool Arguments::has(std::string_view flag) const { return value(flag).has_value(); }

std::optional<std::string_view> Arguments::value(std::string_view flag) const {
  for (const config::FlagValue& one : flags) {
    if (one.flag == flag) return one.value;
  }
  return std::nullopt;
}

Result<Arguments, UsageError> parse_arguments(std::span<const std::string_view> args, std::span<const FlagSpec> known) {
  Arguments out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string_view arg = args[i];
    if (arg == "--") {
      out.rest.insert(out.rest.end(), args.begin() + static_cast<std::ptrdiff_t>(i) + 1, args.end());
      return out;
    }
    if (arg.size() < 2 || arg.front() != '-') {
      out.rest.push_back(arg);
      continue;
    }
    const std::size_t equals = arg.find('=');
    const std::string_view name = arg.substr(0, equals);
    const auto spec =
        std::find_if(known.begin(), known.end(), [name](const FlagSpec& one) { return one.name == name; });
    if (spec == known.end()) return unknown_flag(name, known);
    if (out.has(name)) return UsageError{std::string(name) + " is given twice", {}};
    std::string_view value;
    if (equals != std::string_view::npos) {
      if (!spec->takes_value) return UsageError{std::string(name) + " takes no value", {}};
      value = arg.substr(equals + 1);
    } else if (spec->takes_value) {
      if (i + 1 == args.size()) return UsageError{std::string(name) + " needs a value", {}};
      value = args[++i];
    }
    out.flags.push_back({std::string(name), std::string(value)});
  }
  return out;
}

std::vector<FlagSpec> configuration_flags() {
  std::vector<FlagSpec> all{{"--config", true}};
  for (const config::PlatformFlag& one : config::platform_flags()) all.push_back({one.flag, true});
  return all;
}

config::Sources sources_of(const Arguments& arguments) {
  config::Sources sources;
  if (const auto file = arguments.value("--config")) {
    sources.platform_file = *file;
  } else if (!arguments.has("--listen") && !arguments.has("--upstream")) {
    sources.platform_file = default_config;
  }
  sources.flags = arguments.flags;
  return sources;
}

}  // namespace holdfast::cli
