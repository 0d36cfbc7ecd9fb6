// holdfast-webhook: the commands of holdfast that need OpenSSL. The last boundary, as in the other program.
#include <exception>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "webhook/commands.h"

int main(int argc, char** argv) {
  namespace cli = holdfast::cli;
  try {
    const std::vector<std::string_view> args(argv + (argc > 0 ? 1 : 0), argv + argc);
    return cli::dispatch(holdfast::webhook::commands(), args);
  } catch (const std::exception& error) {
    cli::print(cli::Stream::error, std::string("holdfast: internal error: ") + error.what() + "\n");
  } catch (...) {
    cli::print(cli::Stream::error, "holdfast: internal error\n");
  }
  return cli::to_int(cli::ExitCode::internal);
}
