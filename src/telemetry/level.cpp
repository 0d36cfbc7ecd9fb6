// level: the text form of log levels, strict: a word that is not known is an error, not a default.
#include "telemetry/level.h"

#include <algorithm>

namespace holdfast::telemetry {
namespace {

template <std::size_t N>
std::optional<std::size_t> index_of(const std::array<std::string_view, N>& words, std::string_view text) noexcept {
  const auto found = std::find(words.begin(), words.end(), text);
  if (found == words.end()) return std::nullopt;
  return static_cast<std::size_t>(found - words.begin());
}

template <std::size_t N>
std::string list_of(const std::array<std::string_view, N>& words) {
  std::string list;
  for (const std::string_view w : words) list.append(list.empty() ? "" : ", ").append(w);
  return list;
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\n' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

// Client text in an error: short, and only characters that are safe to show.
std::string shown(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, 32)) out += c >= ' ' && c <= '~' && c != '"' && c != '\\' ? c : '?';
  return out.append(text.size() > 32 ? "…\"" : "\"");
}

// One part of a spec, into `spec`; the text of the error, if any.
std::string read_part(std::string_view part, LevelSpec& spec) {
  const std::size_t equals = part.find('=');
  const bool for_all = equals == std::string_view::npos;
  const std::string_view level_text = trimmed(for_all ? part : part.substr(equals + 1));
  const auto level = index_of(level_words, level_text);
  if (!level.has_value()) return "unknown level " + shown(level_text) + "; levels are " + list_of(level_words);
  if (for_all) {
    if (spec.all.has_value()) return "two levels for everything; write one, and area=level for the rest";
    spec.all = static_cast<Level>(*level);
    return {};
  }
  const std::string_view area_text = trimmed(part.substr(0, equals));
  const auto area = index_of(area_words, area_text);
  if (!area.has_value()) return "unknown area " + shown(area_text) + "; areas are " + list_of(area_words);
  if (spec.areas[*area].has_value()) return "two levels for the area " + std::string(area_text);
  spec.areas[*area] = static_cast<Level>(*level);
  return {};
}

}  // namespace

bool LevelSpec::empty() const noexcept {
  return !all.has_value() &&
         std::none_of(areas.begin(), areas.end(), [](const auto& level) { return level.has_value(); });
}

Result<LevelSpec, std::string> parse_level_spec(std::string_view text) {
  LevelSpec spec;
  text = trimmed(text);
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const bool last = comma == std::string_view::npos;
    const std::string_view part = trimmed(text.substr(0, comma));
    if (part.empty() || comma + 1 == text.size())
      return std::string("an empty part; write for example info,policy=debug");
    if (std::string fault = read_part(part, spec); !fault.empty()) return fault;
    text.remove_prefix(last ? text.size() : comma + 1);
  }
  return spec;
}

std::string to_text(const LevelSpec& spec) {
  std::string text;
  if (spec.all.has_value()) text = word(*spec.all);
  for (std::size_t i = 0; i < area_count; ++i) {
    const auto& level = spec.areas[i];
    if (!level.has_value()) continue;
    text.append(text.empty() ? "" : ",").append(area_words[i]).append("=").append(word(*level));
  }
  return text;
}

}  // namespace holdfast::telemetry
