// `holdfast webhook`: flags around the server.
#include <array>
#include <csignal>
#include <cstdlib>

#include "cli/crash.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "cli/version.h"
#include "cli/webhook.h"
#include "config/loader.h"
#include "core/death.h"
#include "kubernetes/options.h"
#include "webhook/commands.h"
#include "webhook/server.h"

namespace holdfast::webhook {
namespace {

constexpr std::string_view help = "holdfast webhook --help";
constexpr std::array flags{
    cli::FlagSpec{"--listen"},       cli::FlagSpec{"--telemetry"},      cli::FlagSpec{"--certificates"},
    cli::FlagSpec{"--image"},        cli::FlagSpec{"--policy"},         cli::FlagSpec{"--native"},
    cli::FlagSpec{"--kube-version"}, cli::FlagSpec{"--drain-key-file"}, cli::FlagSpec{"--log-level"}};

std::string value_of(const cli::Arguments& arguments, std::string_view flag, std::string_view otherwise = {}) {
  return std::string(arguments.value(flag).value_or(otherwise));
}

// The error is a sentence about a flag.
Result<ServerOptions, std::string> options_of(const cli::Arguments& arguments) {
  for (const std::string_view needed : {"--certificates", "--image", "--drain-key-file"}) {
    if (value_of(arguments, needed).empty()) return std::string(needed) + " is missing";
  }
  kubernetes::InjectFlags inject;
  inject.image = value_of(arguments, "--image");
  inject.version = cli::version_number();
  inject.policy = value_of(arguments, "--policy");
  inject.native = value_of(arguments, "--native");
  inject.kube_version = value_of(arguments, "--kube-version");
  if (const auto wrong = kubernetes::wrong_flag(inject)) return *wrong;
  ServerOptions options;
  options.inject = kubernetes::options_of(inject);
  options.inject.unnamed_ports = false;  // their Services are out of sight
  options.certificates = value_of(arguments, "--certificates");
  const auto read_address = [&arguments](std::string_view flag, std::string_view otherwise, config::Address& into) {
    const std::string wrong =
        config::parse_address(value_of(arguments, flag, otherwise), config::AddressUse::listener, into);
    return wrong.empty() ? wrong : std::string(flag) + ": " + wrong;
  };
  if (auto wrong = read_address("--listen", ":8443", options.listen); !wrong.empty()) return wrong;
  if (auto wrong = read_address("--telemetry", ":9902", options.telemetry); !wrong.empty()) return wrong;
  const auto levels = telemetry::parse_level_spec(value_of(arguments, "--log-level"));
  if (!levels) return "--log-level: " + levels.error();
  options.levels = levels.value();
  options.version = cli::version_number();
  options.commit = cli::version_commit();
  const char* no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): before any thread exists
  options.no_color = no_color != nullptr && *no_color != '\0';
  return options;
}

int configuration_error(const std::string& sentence) {
  cli::print(cli::Stream::error, "holdfast: " + sentence + "\n");
  return cli::to_int(cli::ExitCode::configuration);
}

}  // namespace

int run_webhook(std::span<const std::string_view> args) {
  const auto arguments = cli::parse_arguments(args, flags);
  if (!arguments) return cli::usage_error(arguments.error().sentence, arguments.error().did_you_mean, help);
  if (!arguments.value().rest.empty())
    return cli::usage_error("'" + std::string(arguments.value().rest.front()) + "' is no flag", "", help);
  auto options = options_of(arguments.value());
  if (!options) return cli::usage_error(options.error(), "", help);
  const std::string key_file = value_of(arguments.value(), "--drain-key-file");
  const auto key = config::read_file(key_file);
  if (!key) return configuration_error(config::to_text(key.error()));
  if (key.value().empty()) return configuration_error(key_file + " is empty; fix: put a random key there");
  options.value().inject.drain_key = key.value();
  std::signal(SIGPIPE, SIG_IGN);
  Server server(std::move(options).value());
  const SignalStack signal_stack;
  cli::handle_fatal_signals(server.writer());
  const ServerEnd end = server.run();
  cli::restore_fatal_signals();
  switch (end) {
    case ServerEnd::stopped: return cli::to_int(cli::ExitCode::ok);
    case ServerEnd::bad_certificate: return configuration_error(server.problem());
    case ServerEnd::cannot_bind: break;
  }
  cli::print(cli::Stream::error, "holdfast: " + server.problem() + "\n");
  return cli::to_int(cli::ExitCode::cannot_bind);
}

std::span<const cli::Command> commands() {
  static constexpr std::array all{
      cli::Command{"webhook", cli::webhook_summary, cli::webhook_usage, run_webhook},
      cli::Command{"certs", cli::certs_summary, cli::certs_usage, run_certs},
  };
  return all;
}

}  // namespace holdfast::webhook
