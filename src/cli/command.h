// Command: one sub-command of holdfast. Each has a file of its own; commands.cpp lists them.
#pragma once

#include <span>
#include <string_view>

namespace holdfast::cli {

// Of sysexits.h.
enum class ExitCode : int { ok = 0, usage = 64, internal = 70, cannot_bind = 69, configuration = 78 };
constexpr int to_int(ExitCode code) noexcept { return static_cast<int>(code); }

struct Command {
  std::string_view name;                               // `check`
  std::string_view summary;                            // one line for `holdfast --help`
  std::string_view usage;                              // for `holdfast check --help`: synopsis, flags, an example
  int (*run)(std::span<const std::string_view> args);  // the arguments behind the name; returns the exit code
};

// In the order of `holdfast --help`.
std::span<const Command> commands();

// Picks the command, answers --help and mistakes. `args` is the command line without the program's name.
int dispatch(std::span<const Command> commands, std::span<const std::string_view> args);

// Prints a usage error, with what may have been meant, and returns the exit code for it.
int usage_error(std::string_view sentence, std::string_view did_you_mean, std::string_view help);

}  // namespace holdfast::cli
