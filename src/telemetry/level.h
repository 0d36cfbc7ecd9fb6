// level: log levels and areas, the words for them, and the text form that HOLDFAST_LOG and PUT /loglevel use.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace holdfast::telemetry {

enum class Level : std::uint8_t { trace, debug, info, warn, error, off };
inline constexpr std::array<std::string_view, 6> level_words{"trace", "debug", "info", "warn", "error", "off"};
constexpr std::string_view word(Level level) noexcept { return level_words[static_cast<std::size_t>(level)]; }

// Parts of the program whose level can be set. `access` is the line per exchange.
enum class Area : std::uint8_t { access, core, config, http, upstream, policy, lifecycle, telemetry, admin };
inline constexpr std::array<std::string_view, 9> area_words{"access", "core",      "config",    "http", "upstream",
                                                            "policy", "lifecycle", "telemetry", "admin"};
inline constexpr std::size_t area_count = area_words.size();
constexpr std::string_view word(Area area) noexcept { return area_words[static_cast<std::size_t>(area)]; }

// `info,policy=debug`: a level for everything, levels for areas, or both. What is not said is left to the next source.
struct LevelSpec {
  std::optional<Level> all;
  std::array<std::optional<Level>, area_count> areas{};

  bool empty() const noexcept;
};

// The error is a sentence for whoever wrote the text. Empty text is an empty spec.
[[nodiscard]] Result<LevelSpec, std::string> parse_level_spec(std::string_view text);
std::string to_text(const LevelSpec& spec);

}  // namespace holdfast::telemetry
