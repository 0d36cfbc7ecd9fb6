// `holdfast certs`: flags and texts around secrets.h.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "cli/flags.h"
#include "cli/terminal.h"
#include "config/loader.h"
#include "core/units.h"
#include "kubernetes/settings.h"
#include "webhook/commands.h"
#include "webhook/secrets.h"

namespace holdfast::webhook {
namespace {

constexpr std::string_view help = "holdfast certs --help";
constexpr std::array flags{cli::FlagSpec{"--namespace"},
                           cli::FlagSpec{"--service"},
                           cli::FlagSpec{"--days"},
                           cli::FlagSpec{"--ca-days"},
                           cli::FlagSpec{"--renew"},
                           cli::FlagSpec{"-f"},
                           cli::FlagSpec{"--ca-bundle-patch", false}};
constexpr std::uint64_t most_days = 825;  // what many clients accept of a serving certificate
constexpr std::uint64_t most_ca_days = 7300;

struct Trouble {
  std::string sentence;
};
using Text = Result<std::string, Trouble>;

struct Wanted {
  std::string namespace_name;
  std::string service;
  std::string renew;  // authority, certificate or empty
  bool patch = false;
  Lifetimes lifetimes;
};

std::string value_of(const cli::Arguments& arguments, std::string_view flag, std::string_view otherwise = {}) {
  return std::string(arguments.value(flag).value_or(otherwise));
}

Result<Wanted, std::string> wanted_of(const cli::Arguments& arguments) {
  Wanted wanted{value_of(arguments, "--namespace", "holdfast-system"),
                value_of(arguments, "--service", "holdfast-webhook"),
                value_of(arguments, "--renew"),
                arguments.has("--ca-bundle-patch"),
                {}};
  if (!kubernetes::is_container_name(wanted.namespace_name)) return std::string("--namespace needs a namespace");
  if (!kubernetes::is_container_name(wanted.service)) return std::string("--service needs the name of a Service");
  const bool renews = arguments.has("--renew");
  if (renews && wanted.renew != "authority" && wanted.renew != "certificate")
    return std::string("--renew needs authority or certificate");
  if (renews && wanted.patch) return std::string("--renew and --ca-bundle-patch are two steps");
  const bool reads = renews || wanted.patch;
  if (reads && (arguments.has("--namespace") || arguments.has("--service")))
    return std::string("--namespace and --service are in the Secrets already");
  if (!reads && arguments.has("-f")) return std::string("-f is for --renew and --ca-bundle-patch");
  const auto days = parse_count(value_of(arguments, "--days", "365"));
  const auto ca_days = parse_count(value_of(arguments, "--ca-days", "1825"));
  if (!days || *days < 1 || *days > most_days) return std::string("--days needs a number from 1 to 825");
  if (!ca_days || *ca_days < *days || *ca_days > most_ca_days)
    return std::string("--ca-days needs a number from that of --days to 7300");
  wanted.lifetimes = {std::chrono::hours(24) * static_cast<long>(*days),
                      std::chrono::hours(24) * static_cast<long>(*ca_days)};
  return wanted;
}

// FILE, or standard input; at most 1 MiB.
Text read_input(const cli::Arguments& arguments) {
  const auto path = arguments.value("-f");
  if (path && *path != "-") {
    const auto text = config::read_file(std::string(*path));
    if (!text) return Trouble{config::to_text(text.error())};
    return text.value();
  }
  constexpr std::size_t largest = 1U << 20U;
  std::string text;
  std::array<char, 65536> chunk{};
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Trouble{"standard input cannot be read"};
    if (n == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(n));
    if (text.size() > largest) return Trouble{"standard input is larger than 1 MiB"};
  }
}

Text output_of(const Wanted& wanted, const cli::Arguments& arguments) {
  const WallTime now = wall_now();
  if (wanted.renew.empty() && !wanted.patch) {
    const auto made = make_secrets(wanted.namespace_name, wanted.service, wanted.lifetimes, now);
    if (!made) return Trouble{made.error()};
    return to_yaml(made.value());
  }
  const auto text = read_input(arguments);
  if (!text) return text.error();
  auto secrets = read_secrets(text.value());
  if (!secrets) return Trouble{secrets.error()};
  if (wanted.patch) return ca_bundle_patch(secrets.value());
  const auto renewed = wanted.renew == "authority"
                           ? renew_authority(std::move(secrets).value(), wanted.lifetimes, now)
                           : renew_certificate(std::move(secrets).value(), wanted.lifetimes, now);
  if (!renewed) return Trouble{renewed.error()};
  return to_yaml(renewed.value());
}

}  // namespace

int run_certs(std::span<const std::string_view> args) {
  const auto arguments = cli::parse_arguments(args, flags);
  if (!arguments) return cli::usage_error(arguments.error().sentence, arguments.error().did_you_mean, help);
  if (!arguments.value().rest.empty())
    return cli::usage_error("'" + std::string(arguments.value().rest.front()) + "' is no flag", "", help);
  const auto wanted = wanted_of(arguments.value());
  if (!wanted) return cli::usage_error(wanted.error(), "", help);
  const auto text = output_of(wanted.value(), arguments.value());
  if (!text) {
    cli::print(cli::Stream::error, "holdfast: " + text.error().sentence + "\n");
    return cli::to_int(cli::ExitCode::configuration);
  }
  cli::print(cli::Stream::out, text.value());
  return cli::to_int(cli::ExitCode::ok);
}

}  // namespace holdfast::webhook
