// `holdfast schema`: the declarations of all settings, for machines and as a page.
#include "cli/schema.h"

#include <array>

#include "cli/flags.h"
#include "cli/terminal.h"
#include "config/nearest.h"
#include "config/reference.h"
#include "config/schema.h"
#include "policies/catalog.h"

namespace holdfast::cli {

int run_schema(std::span<const std::string_view> args) {
  constexpr std::string_view help = "holdfast schema --help";
  const auto arguments = parse_arguments(args, {});
  if (!arguments) return usage_error(arguments.error().sentence, arguments.error().did_you_mean, help);
  const auto& rest = arguments.value().rest;
  if (rest.size() > 1) return usage_error("one file kind at a time", "", help);

  const auto sections = policies::sections();
  const std::string_view kind = rest.empty() ? "" : rest.front();
  if (kind.empty()) {
    print(Stream::out, config::schema(sections));
  } else if (kind == "platform") {
    print(Stream::out, config::platform_schema());
  } else if (kind == "policy") {
    print(Stream::out, config::policy_schema(sections));
  } else if (kind == "reference") {
    print(Stream::out, config::reference_page(sections));
  } else {
    const std::array<std::string, 3> kinds{"platform", "policy", "reference"};
    return usage_error("there is no file kind '" + std::string(kind) + "'", config::nearest(kind, kinds), help);
  }
  return to_int(ExitCode::ok);
}

}  // namespace holdfast::cli
