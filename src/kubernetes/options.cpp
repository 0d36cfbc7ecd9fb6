#include "kubernetes/options.h"

#include <algorithm>

#include "core/units.h"

namespace holdfast::kubernetes {
namespace {

constexpr int oldest_minor = 19;
constexpr int newest_minor = 99;

// `1.31`, `v1.31` or `1.31.2`.
std::optional<int> minor_of(std::string_view version) {
  if (version.starts_with('v')) version.remove_prefix(1);
  if (!version.starts_with("1.")) return std::nullopt;
  version.remove_prefix(2);
  const auto minor = parse_count(version.substr(0, version.find('.')));
  if (!minor || *minor < oldest_minor || *minor > newest_minor) return std::nullopt;
  return static_cast<int>(*minor);
}

}  // namespace

InjectOptions options_of(const InjectFlags& flags) {
  InjectOptions options;
  if (!flags.image.empty()) options.image = flags.image;
  options.version = flags.version;
  options.drain_token = flags.drain_token;
  options.drain_key = flags.drain_key;
  options.defaults.policy = flags.policy;
  options.defaults.native = parse_native(flags.native).value_or(Native::automatic);
  options.kube_minor = minor_of(flags.kube_version).value_or(options.kube_minor);
  options.unnamed_ports = true;  // numeric targetPorts of the same stream are rewritten
  return options;
}

std::optional<std::string> wrong_flag(const InjectFlags& flags) {
  if (!flags.native.empty() && !parse_native(flags.native)) return "--native needs auto, true or false";
  if (!flags.kube_version.empty() && !minor_of(flags.kube_version))
    return "--kube-version needs a version such as 1.31";
  if (!flags.policy.empty() && !is_config_map_name(flags.policy)) return "--policy needs the name of a ConfigMap";
  if (!flags.namespace_name.empty() && !is_container_name(flags.namespace_name)) return "--namespace needs a namespace";
  const bool visible =
      std::all_of(flags.image.begin(), flags.image.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!visible) return "--image needs the name of an image";
  constexpr std::size_t shortest = 8;
  constexpr std::size_t longest = 128;
  const std::string& token = flags.drain_token;
  const bool accepted =
      token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
  if (!token.empty() && (!accepted || token.size() < shortest || token.size() > longest)) {
    return "--drain-token needs 8 to 128 letters, digits, - and _";
  }
  return std::nullopt;
}

}  // namespace holdfast::kubernetes
