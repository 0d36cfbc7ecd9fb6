#include "backend/options.h"

#include <utility>

#include "core/units.h"

namespace users {
namespace {

using Fault = std::optional<std::string>;  // nothing: accepted

// A URL ends at its scheme: a store in the wrong place may hold a password.
std::string quoted(std::string_view text) {
  constexpr std::string_view scheme_end = "://";
  const std::size_t url = text.find(scheme_end);
  const bool shortened = url != std::string_view::npos;
  const std::string_view shown = shortened ? text.substr(0, url + scheme_end.size()) : text;
  return "\"" + std::string(shown) + (shortened ? "…\"" : "\"");
}

Fault set_listen(Options& options, std::string_view value) {
  const auto address = parse_address(value);
  if (!address) return "--listen " + quoted(value) + " is no address; write it as 127.0.0.1:3000";
  options.listen = *address;
  return std::nullopt;
}

Fault set_store(Options& options, std::string_view value) {
  auto place = parse_store_place(value);
  if (!place) return std::move(place).error();
  options.store = std::move(place).value();
  return std::nullopt;
}

bool is_missing(const StorePlace& place) noexcept {
  const auto* sqlite = std::get_if<SqlitePlace>(&place);
  return sqlite != nullptr && sqlite->path.empty();
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
    "  --store STORE          sqlite:FILE; sqlite::memory: for a store that ends with the process;\n"
    "                         postgres://USER@HOST:PORT/DATABASE, its password in PGPASSWORD or a .pgpass file\n"
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
  if (is_missing(options.store)) return std::string("--store is missing; for example --store sqlite:users.db");
  return options;
}

}  // namespace users
