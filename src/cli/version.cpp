// `holdfast version`: what was built, from what, and how. The build system defines the texts.
#include "cli/version.h"

#include "cli/flags.h"
#include "cli/terminal.h"

#ifndef HOLDFAST_VERSION
#define HOLDFAST_VERSION "0.0.0"
#endif
#ifndef HOLDFAST_COMMIT
#define HOLDFAST_COMMIT "unknown"
#endif
#ifndef HOLDFAST_BUILD
#define HOLDFAST_BUILD "unknown"
#endif
#ifndef HOLDFAST_LIBRARIES
#define HOLDFAST_LIBRARIES "unknown"
#endif

namespace holdfast::cli {

std::string version_number() { return HOLDFAST_VERSION; }
std::string version_commit() { return HOLDFAST_COMMIT; }

std::string version_text() {
  return "holdfast " HOLDFAST_VERSION
         "\n"
         "commit     " HOLDFAST_COMMIT
         "\n"
         "compiler   " __VERSION__
         "\n"
         "build      " HOLDFAST_BUILD
         "\n"
         "libraries  " HOLDFAST_LIBRARIES "\n";
}

int run_version(std::span<const std::string_view> args) {
  constexpr std::string_view help = "holdfast version --help";
  const auto arguments = parse_arguments(args, {});
  if (!arguments) return usage_error(arguments.error().sentence, arguments.error().did_you_mean, help);
  if (!arguments.value().rest.empty()) return usage_error("version takes no arguments", "", help);
  print(Stream::out, version_text());
  return to_int(ExitCode::ok);
}

}  // namespace holdfast::cli
