// `holdfast run`: the sidecar itself.
#include "cli/run.h"

#include <sys/resource.h>

#include <csignal>
#include <cstdlib>

#include "cli/crash.h"
#include "cli/environment.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "cli/version.h"
#include "core/death.h"
#include "kubernetes/app_probes.h"
#include "policies/catalog.h"
#include "proxy/app_address.h"
#include "proxy/server.h"

namespace holdfast::cli {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread exists
  return value == nullptr ? std::string() : std::string(value);
}

// The hard limit counts (cross rules are checked against it), so that is what we use.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int run_run(std::span<const std::string_view> args) {
  constexpr std::string_view help = "holdfast run --help";
  std::vector<FlagSpec> known = configuration_flags();
  known.push_back({"--app-probes", true});
  const auto arguments = parse_arguments(args, known);
  if (!arguments) return usage_error(arguments.error().sentence, arguments.error().did_you_mean, help);
  if (!arguments.value().rest.empty()) {
    return usage_error("'" + std::string(arguments.value().rest.front()) + "' is no flag", "--config", help);
  }
  proxy::ServerOptions options;
  options.sources = sources_of(arguments.value());
  options.environment = this_machine();
  options.drain_token = variable("HOLDFAST_DRAIN_TOKEN");
  options.log_levels = variable("HOLDFAST_LOG");
  options.no_color = !variable("NO_COLOR").empty();
  options.version = version_number();
  options.commit = version_commit();
  auto loaded = config::load(options.sources, {policies::sections(), policies::cross_rules()}, options.environment);
  if (!loaded) {
    print_faults(Stream::error, loaded.error());
    return to_int(ExitCode::configuration);
  }
  if (const auto text = arguments.value().value("--app-probes")) {
    auto probes = kubernetes::parse_app_probes(*text, proxy::authority_of(loaded.value().platform.upstream));
    if (!probes) return usage_error("--app-probes: " + probes.error().sentence, "", help);
    options.app_probes = std::move(probes).value();
  }
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  proxy::Server server(std::move(options), std::move(loaded).value());
  const SignalStack signal_stack;
  handle_fatal_signals(server.writer());
  const proxy::ServerEnd end = server.run();
  restore_fatal_signals();
  if (end != proxy::ServerEnd::cannot_bind) return to_int(ExitCode::ok);
  print(Stream::error, "holdfast: " + server.problem() + "\n");
  return to_int(ExitCode::cannot_bind);
}

}  // namespace holdfast::cli
