// Settings: what the annotations of a pod under holdfast.dev/ ask for. An unknown key or a bad value is refused.
#pragma once

#include <optional>

#include "core/result.h"
#include "kubernetes/remark.h"

namespace holdfast::kubernetes {

inline constexpr std::string_view prefix = "holdfast.dev/";
inline constexpr std::string_view status_key = "holdfast.dev/status";
inline constexpr std::string_view inject_label = "holdfast.dev/inject";        // of a pod: "true" or "false"
inline constexpr std::string_view namespace_label = "holdfast.dev/injection";  // of a namespace: enabled

// Bytes below which no sidecar starts: the bound of profile standard@1, and that of a policy that asks for next to
// nothing.
inline constexpr std::uint64_t least_memory_of_default = std::uint64_t{69} << 20U;
inline constexpr std::uint64_t least_memory = std::uint64_t{16} << 20U;

enum class Capture : std::uint8_t {
  named_port,  // the port keeps its name, and its number becomes the proxy's
  same_port,   // the proxy has the port of the pod's address, the app that of loopback
};
enum class Native : std::uint8_t { automatic, yes, no };

struct Settings {
  std::string policy;         // name of a ConfigMap with a key policy.yaml; empty: the profile alone
  std::string app_port;       // name or number; empty: the only one
  std::string app_container;  // empty: the only one with ports
  std::optional<long> proxy_port;
  Capture capture = Capture::named_port;
  Native native = Native::automatic;
  bool rewrite_probes = true;
  std::string trusted_hops = "1";
  std::string cpu_request = "20m";
  std::string memory_request = "16Mi";
  std::string memory_limit = "128Mi";
  std::string log_level;  // empty: info
};

std::uint64_t memory_limit_bytes(const Settings& settings);

// `metadata` is that of the pod, `at` its path. `defaults` are what holds without an annotation.
Result<Settings, Remark> read_settings(const Json& metadata, const Path& at, Settings defaults);

// The label of a pod: opted in, out, or neither.
enum class OptIn : std::uint8_t { neither, in, out };
Result<OptIn, Remark> read_opt_in(const Json& metadata, const Path& at);

bool is_container_name(std::string_view text);  // an RFC 1123 label
bool is_config_map_name(std::string_view text);
std::optional<Native> parse_native(std::string_view text);

}  // namespace holdfast::kubernetes
