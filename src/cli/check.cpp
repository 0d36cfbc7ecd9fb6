// `holdfast check`: both kinds of file, each told by its keys.
#include "cli/check.h"

#include <algorithm>
#include <string>

#include "cli/environment.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "policies/catalog.h"

namespace holdfast::cli {
namespace {

constexpr std::string_view help = "holdfast check --help";

config::Sources sources_for(const std::string& file) {
  config::Sources sources;
  const auto text = config::read_file(file);
  const bool is_policy = text && config::file_kind(file, text.value()) == config::FileKind::policy;
  (is_policy ? sources.policy_alone : sources.platform_file) = file;
  return sources;
}

// The faults of one file and of the policy file it names; appended to `faults`. True when it may be used.
bool check_file(const std::string& file, const config::Catalog& catalog, const config::Environment& environment,
                std::vector<config::Fault>& faults) {
  auto loaded = config::load(sources_for(file), catalog, environment);
  const std::vector<config::Fault>& found = loaded ? loaded.value().warnings : loaded.error();
  faults.insert(faults.end(), found.begin(), found.end());
  return loaded.has_value();
}

}  // namespace

int run_check(std::span<const std::string_view> args) {
  constexpr std::array known{FlagSpec{"--memory", true}};
  const auto arguments = parse_arguments(args, known);
  if (!arguments) return usage_error(arguments.error().sentence, arguments.error().did_you_mean, help);
  if (arguments.value().rest.empty()) return usage_error("a file to check is missing", "", help);

  config::Environment environment = this_machine();
  environment.memory_limit.reset();  // this machine is not where the files will be used
  if (const auto memory = arguments.value().value("--memory")) {
    environment.memory_limit = parse_byte_count(*memory);
    if (!environment.memory_limit) return usage_error("--memory needs a size such as 128MiB", "", help);
  }
  const config::Catalog catalog{policies::sections(), policies::cross_rules()};
  std::vector<config::Fault> faults;
  std::string accepted;
  bool all_accepted = true;
  for (const std::string_view file : arguments.value().rest) {
    const bool usable = check_file(std::string(file), catalog, environment, faults);
    if (usable) accepted += std::string(file) + ": ok\n";
    all_accepted = all_accepted && usable;
  }
  config::sort_faults(faults);
  print_faults(Stream::out, faults);
  print(Stream::out, accepted);
  return to_int(all_accepted ? ExitCode::ok : ExitCode::configuration);
}

}  // namespace holdfast::cli
