// `holdfast effective`: what `holdfast run` with the same arguments would use.
#include "cli/effective.h"

#include "cli/environment.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "config/describe.h"
#include "policies/catalog.h"

namespace holdfast::cli {

int run_effective(std::span<const std::string_view> args) {
  constexpr std::string_view help = "holdfast effective --help";
  const auto arguments = parse_arguments(args, configuration_flags());
  if (!arguments) return usage_error(arguments.error().sentence, arguments.error().did_you_mean, help);
  if (!arguments.value().rest.empty())
    return usage_error("'" + std::string(arguments.value().rest.front()) + "' is no flag", "--config", help);

  const config::Catalog catalog{policies::sections(), policies::cross_rules()};
  const auto loaded = config::load(sources_of(arguments.value()), catalog, this_machine());
  if (!loaded) {
    print_faults(Stream::error, loaded.error());
    return to_int(ExitCode::configuration);
  }
  print_faults(Stream::error, loaded.value().warnings);
  print(Stream::out, config::effective_text(loaded.value()));
  return to_int(ExitCode::ok);
}

}  // namespace holdfast::cli
