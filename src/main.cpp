// holdfast: picks the command. The last boundary: what escapes everything else ends the process with one line.
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/terminal.h"

int main(int argc, char** argv) {
  namespace cli = holdfast::cli;
  try {
    const std::vector<std::string_view> args(argv + (argc > 0 ? 1 : 0), argv + argc);
    return cli::dispatch(cli::commands(), args);
  } catch (const std::exception& error) {
    cli::print(cli::Stream::error, std::string("holdfast: internal error: ") + error.what() + "\n");
  } catch (...) {
    cli::print(cli::Stream::error, "holdfast: internal error\n");
  }
  return cli::to_int(cli::ExitCode::internal);
}
