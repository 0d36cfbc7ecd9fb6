// Platform: the settings of config/holdfast.yaml, where a sidecar listens and whom it protects.
//
// The file belongs to the platform team; flags override it value by value.
#pragma once

#include <span>

#include "config/section.h"

namespace holdfast::config {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };
enum class LogFormat : std::uint8_t { automatic, json, pretty };  // automatic: pretty on a terminal, json otherwise

struct Platform {
  std::string service = "app";
  Address listen;
  Address upstream;
  std::string health;  // `GET /healthz`; empty: a TCP connect
  Address telemetry{Address::Form::ipv4, "0.0.0.0", 9902, {}};
  Address admin{Address::Form::ipv4, "127.0.0.1", 9901, {}};
  std::string admin_exposed_because;     // required when admin is not loopback
  std::optional<std::uint32_t> workers;  // nullopt: auto
  std::optional<ByteCount> memory;       // nullopt: auto
  std::uint32_t trusted_hops = 0;
  Duration termination_grace = std::chrono::seconds(30);
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::automatic;
  std::string policy;  // path, already relative to the working directory; empty: the profile alone
};

// The declaration of every key of the platform file but `version`; nested keys are dotted.
Section<Platform> platform_section();

// A flag that overrides one key of the platform file.
struct PlatformFlag {
  std::string_view flag;  // `--listen`
  std::string_view key;   // `listen`
};
std::span<const PlatformFlag> platform_flags() noexcept;
// `--listen` for `listen`; "" when no flag sets the key.
std::string_view flag_of(std::string_view key) noexcept;

}  // namespace holdfast::config
