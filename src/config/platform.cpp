// Declares the platform file: each key once, with its range, default and sentence.
#include "config/platform.h"

#include <algorithm>
#include <array>

#include "core/bytes.h"

namespace holdfast::config {
namespace {

using namespace std::chrono_literals;
using literals::operator""_GiB;
using literals::operator""_MiB;

constexpr std::array flags{
    PlatformFlag{"--service", "service"},
    PlatformFlag{"--listen", "listen"},
    PlatformFlag{"--upstream", "upstream.address"},
    PlatformFlag{"--health", "upstream.health"},
    PlatformFlag{"--telemetry", "telemetry"},
    PlatformFlag{"--admin", "admin"},
    PlatformFlag{"--workers", "workers"},
    PlatformFlag{"--memory", "memory"},
    PlatformFlag{"--trusted-hops", "forwarded.trustedHops"},
    PlatformFlag{"--termination-grace", "terminationGrace"},
    PlatformFlag{"--log-level", "log.level"},
    PlatformFlag{"--log-format", "log.format"},
    PlatformFlag{"--policy", "policy"},
};

std::string check_service(std::string_view text) {
  constexpr std::size_t longest = 63;  // a Kubernetes label value
  const auto accepted = [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.'; };
  if (text.empty() || text.size() > longest) return "a service name has 1 to 63 characters";
  if (!std::all_of(text.begin(), text.end(), accepted)) return "a service name has letters, digits and . _ - only";
  return {};
}

std::string check_health(std::string_view text) {
  constexpr std::size_t longest = 1024;
  if (text.size() > longest) return "a health check has at most 1024 characters";
  if (!text.starts_with("GET /")) return "a health check is GET and a path, such as GET /healthz";
  const std::string_view target = text.substr(4);
  const bool visible =
      std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
  return visible ? "" : "the path has visible ASCII characters only";
}

std::string check_path(std::string_view text) {
  constexpr std::size_t longest = 4095;  // PATH_MAX less the NUL
  if (text.empty() || text.size() > longest) return "a path has 1 to 4095 characters";
  return text.find('\n') == std::string_view::npos ? "" : "a path has no line breaks";
}

}  // namespace

Section<Platform> platform_section() {
  return Section<Platform>("platform", "Where this sidecar listens and which app it protects.", Modes::always)
      .text("service", &Platform::service, check_service, "The name of the app in logs and metrics.")
      .address("listen", &Platform::listen, AddressUse::listener,
               "Where clients connect; :8080 is both stacks, port 0 is chosen by the kernel.")
      .address("upstream.address", &Platform::upstream, AddressUse::app,
               "Where the app listens: address and port, localhost and port, or unix: and a path.")
      .text("upstream.health", &Platform::health, check_health,
            "The request that asks whether the app is healthy; without it, a connection is enough.")
      .address("telemetry", &Platform::telemetry, AddressUse::listener,
               "Metrics, probes and the drain hook: reachable by Prometheus and the kubelet.")
      .address("admin", &Platform::admin, AddressUse::listener,
               "Settings, log levels and connections: loopback, unless adminExposed gives a reason.")
      .text("adminExposed.because", &Platform::admin_exposed_because, check_message,
            "Why the admin listener may be reached from outside this pod.")
      .count_or_auto("workers", &Platform::workers, {1, 64},
                     "Threads; auto is the CPU quota rounded up, or at most 2 without a quota.")
      .size_or_auto("memory", &Platform::memory, {16_MiB, 1024_GiB},
                    "What the process may use before new requests are shed; auto is the memory limit of the cgroup.")
      .count("forwarded.trustedHops", &Platform::trusted_hops, {0, 16},
             "How many proxies in front of this one set X-Forwarded-For truthfully.")
      .duration("terminationGrace", &Platform::termination_grace, {1s, 1h},
                "Time between SIGTERM and SIGKILL: terminationGracePeriodSeconds of the pod.")
      .choice("log.level", &Platform::log_level,
              {{"trace", LogLevel::trace},
               {"debug", LogLevel::debug},
               {"info", LogLevel::info},
               {"warn", LogLevel::warn},
               {"error", LogLevel::error}},
              "The least level that is logged; it can be changed at run time.")
      .choice("log.format", &Platform::log_format,
              {{"auto", LogFormat::automatic}, {"json", LogFormat::json}, {"pretty", LogFormat::pretty}},
              "How a line looks; auto is pretty on a terminal and json otherwise. Always stdout.")
      .text("policy", &Platform::policy, check_path,
            "The policy file of the service team, relative to this file; without it the profile alone applies.");
}

std::span<const PlatformFlag> platform_flags() noexcept { return flags; }

std::string_view flag_of(std::string_view key) noexcept {
  for (const PlatformFlag& one : flags) {
    if (one.key == key) return one.flag;
  }
  return "";
}

}  // namespace holdfast::config
