#include "backend/options.h"

#include <utility>

#include "core/units.h"

namespace users {
namespace {

using Fault = std::optional<std::string>;  // nothing: accepted

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

Fault set_listen(Options& options, std::string_view value) {
  const auto address = parse_address(value);
  if (!address) return "--listen " + quoted(value) + " is no address; write it as 127.0.0.1:3000";
  options.listen = *address;
  return std::nullopt;
}

Fault set_store(Options& options, std::string_view value) {
  constexpr std::string_view sqlite = "sqlite:";
  if (value.starts_with("postgres://") || value.starts_with("postgresql://")) {
    return "--store postgres:// is not supported by this build; use sqlite:";
  }
  if (!value.starts_with(sqlite) || value.size() == sqlite.size()) {
    return "--store " + quoted(value) + " is no store; write it as sqlite:users.db or sqlite::memory:";
  }
  options.sqlite_place = value.substr(sqlite.size());
  return std::nullopt;
}

Fault set_stop_delay(Options& options, std::string_view value) {
  const auto delay = holdfast::parse_duration(value);
  if (!delay) return "--stop-delay " + quoted(value) + " is no duration; write it as 5s or 500ms";
  options.stop_delay = *delay;
  return std::nullopt;
}

struct Flag {
  std::string_view name;
  Fault (*set)(Options&, std::string_view value);
};
constexpr Flag value_flags[] = {{"--listen", set_listen}, {"--store", set_store}, {"--stop-delay", set_stop_delay}};

const Flag* find_flag(std::string_view name) noexcept {
  for (const Flag& flag : value_flags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

bool set_switch(Options& options, std::string_view argument) noexcept {
  if (argument == "--faults") options.faults = true;
  if (argument == "--help" || argument == "-h") options.help = true;
  return argument == "--faults" || argument == "--help" || argument == "-h";
}

}  // namespace

const std::string_view help_text =
    "users-service: the users API on a database; the reference backend of Holdfast.\n"
    "\n"
    "Usage: users-service --listen ADDRESS --store STORE [--stop-delay DURATION] [--faults]\n"
    "\n"
    "  --listen ADDRESS       where to serve, as 127.0.0.1:3000; port 0 is chosen by the kernel and logged\n"
    "  --store STORE          sqlite:FILE, or sqlite::memory: for a store that ends with the process\n"
    "  --stop-delay DURATION  how long to go on serving after SIGTERM (default 0s)\n"
    "  --faults               adds routes that fail on purpose: /ok /boom /crash /hang /slow /slow-store /leak\n"
    "                         /big /echo /reset /garbage /stream\n"
    "\n"
    "Example: users-service --listen 127.0.0.1:3000 --store sqlite:users.db\n"
    "         curl -d '{\"name\":\"Ada\"}' http://127.0.0.1:3000/users\n";

holdfast::Result<Options, std::string> parse_options(const std::vector<std::string_view>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (set_switch(options, argument)) continue;
    const std::size_t equals = argument.find('=');
    const Flag* flag = find_flag(argument.substr(0, equals));
    if (flag == nullptr) return "unknown argument " + quoted(argument) + "; see users-service --help";
    const bool inline_value = equals != std::string_view::npos;
    if (!inline_value && i + 1 == arguments.size()) return std::string(argument) + " needs a value";
    const std::string_view value = inline_value ? argument.substr(equals + 1) : arguments[++i];
    if (auto fault = flag->set(options, value)) return std::move(*fault);
  }
  if (options.help) return options;
  if (options.listen.size == 0) return std::string("--listen is missing; for example --listen 127.0.0.1:3000");
  if (options.sqlite_place.empty()) return std::string("--store is missing; for example --store sqlite:users.db");
  return options;
}

}  // namespace users
