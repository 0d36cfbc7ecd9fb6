// From a command line to a command.
#include <algorithm>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/terminal.h"
#include "config/nearest.h"

namespace holdfast::cli {
namespace {

void print_overview(std::span<const Command> commands) {
  std::string text =
      "holdfast: a sidecar that makes a service ready for production\n\n"
      "Usage: holdfast COMMAND [ARGUMENTS]\n\nCommands:\n";
  std::size_t width = 0;
  for (const Command& command : commands) width = std::max(width, command.name.size());
  for (const Command& command : commands) {
    text += "  " + std::string(command.name) + std::string(width - command.name.size() + 2, ' ') +
            std::string(command.summary) + "\n";
  }
  text += "\nholdfast COMMAND --help tells more.\n\nExample:\n  holdfast check config/holdfast.yaml\n";
  print(Stream::out, text);
}

bool asks_for_help(std::string_view arg) { return arg == "--help" || arg == "-h"; }

}  // namespace

int usage_error(std::string_view sentence, std::string_view did_you_mean, std::string_view help) {
  std::string text = "holdfast: " + std::string(sentence);
  if (!did_you_mean.empty()) text += "; did you mean " + std::string(did_you_mean);
  text += "; see " + std::string(help) + "\n";
  print(Stream::error, text);
  return to_int(ExitCode::usage);
}

int dispatch(std::span<const Command> commands, std::span<const std::string_view> args) {
  if (args.empty()) return usage_error("a command is missing", "", "holdfast --help");
  if (args.front() == "--version") args = std::span<const std::string_view>{};
  const std::string_view name = args.empty() ? "version" : args.front();
  if (asks_for_help(name) || name == "help") {
    print_overview(commands);
    return to_int(ExitCode::ok);
  }
  const auto command =
      std::find_if(commands.begin(), commands.end(), [name](const Command& one) { return one.name == name; });
  if (command == commands.end()) {
    std::vector<std::string> names;
    for (const Command& one : commands) names.emplace_back(one.name);
    return usage_error("there is no command '" + std::string(name) + "'", config::nearest(name, names),
                       "holdfast --help");
  }
  const auto rest = args.empty() ? args : args.subspan(1);
  const auto end_of_flags = std::find(rest.begin(), rest.end(), "--");
  if (std::any_of(rest.begin(), end_of_flags, asks_for_help)) {
    print(Stream::out, command->usage);
    return to_int(ExitCode::ok);
  }
  return command->run(rest);
}

}  // namespace holdfast::cli
