// The commands of holdfast-webhook: `webhook` and `certs`.
#pragma once

#include "cli/command.h"

namespace holdfast::webhook {

int run_webhook(std::span<const std::string_view> args);
int run_certs(std::span<const std::string_view> args);

std::span<const cli::Command> commands();

}  // namespace holdfast::webhook
