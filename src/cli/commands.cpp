// The list of commands.
#include <array>

#include "cli/check.h"
#include "cli/command.h"
#include "cli/drain.h"
#include "cli/effective.h"
#include "cli/inject.h"
#include "cli/run.h"
#include "cli/schema.h"
#include "cli/version.h"
#include "cli/webhook.h"

namespace holdfast::cli {

std::span<const Command> commands() {
  static constexpr std::array all{
      run_command,      check_command,   effective_command, schema_command, inject_command,
      uninject_command, webhook_command, certs_command,     drain_command,  version_command,
  };
  return all;
}

}  // namespace holdfast::cli
