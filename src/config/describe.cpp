// Prints a configuration from the declarations of its sections.
#include "config/describe.h"

#include <algorithm>
#include <array>

#include "config/waiver_reader.h"
#include "core/bytes.h"

namespace holdfast::config {
namespace {

std::string shown(const std::string& value) { return value.empty() ? "-" : value; }

void add_platform(const Configuration& configuration, std::vector<SettingLine>& lines) {
  const AnySettings settings = AnySettings::of(configuration.platform);
  const Section<Platform> section = platform_section();
  for (const Field& field : section.fields()) {
    lines.push_back({field.key, shown(field.show(settings)), std::string(configuration.origins.text(field.key))});
  }
}

void add_policy(const Configuration& configuration, const LoadedPolicy& policy, std::vector<SettingLine>& lines) {
  const std::string& name = policy.section->name();
  lines.push_back(
      {name + ".mode", std::string(to_text(policy.mode)), std::string(configuration.origins.text(name + ".mode"))});
  for (const Field& field : policy.section->fields()) {
    const std::string key = name + "." + field.key;
    lines.push_back({key, shown(field.show(policy.settings)), std::string(configuration.origins.text(key))});
  }
  if (!policy.because.empty())
    lines.push_back({name + ".because", policy.because, std::string(configuration.origins.text(name + ".because"))});
}

void add_route(const Configuration& configuration, const LoadedRoute& route, std::vector<SettingLine>& lines) {
  const std::string prefix = "routes." + route.name + ".";
  const std::string match = route.method.empty() ? route.path : route.method + " " + route.path;
  lines.push_back({prefix + "match", match, from_file(route.place).text});
  for (std::size_t i = 0; i < configuration.policies.size(); ++i) {
    const AnySection& section = *configuration.policies[i].section;
    for (const Field& field : section.fields()) {
      const std::string key = prefix + section.name() + "." + field.key;
      const Origin* origin = configuration.origins.find(key);
      if (origin != nullptr) lines.push_back({key, shown(field.show(route.settings[i])), origin->text});
    }
    const std::string because = prefix + section.name() + ".because";
    if (!route.because[i].empty())
      lines.push_back({because, route.because[i], std::string(configuration.origins.text(because))});
  }
}

}  // namespace

std::vector<SettingLine> settings_of(const Configuration& configuration) {
  std::vector<SettingLine> lines;
  if (configuration.has_platform) add_platform(configuration, lines);
  for (const LoadedPolicy& policy : configuration.policies) add_policy(configuration, policy, lines);
  for (const LoadedRoute& route : configuration.routes) add_route(configuration, route, lines);
  return lines;
}

std::string effective_text(const Configuration& configuration) {
  const std::vector<SettingLine> lines = settings_of(configuration);
  constexpr std::size_t widest_value = 48;  // longer ones push their origin to the right, alone
  std::size_t key_width = 0;
  std::size_t value_width = 0;
  for (const SettingLine& line : lines) {
    key_width = std::max(key_width, line.key.size());
    if (line.value.size() <= widest_value) value_width = std::max(value_width, line.value.size());
  }
  const auto padded = [](const std::string& text, std::size_t width) {
    return text + std::string(width > text.size() ? width - text.size() : 0, ' ');
  };
  std::string text;
  for (const SettingLine& line : lines) {
    text += padded(line.key, key_width) + "  " + padded(line.value, value_width) + "  " + line.origin + "\n";
  }
  for (const Waiver& waiver : configuration.waivers) {
    text += "accepted risk: " + waiver.check + " until " + to_text(waiver.until) +
            (waiver.expired ? " (expired)" : "") + ", " + waiver.owner + ": " + waiver.because + "  " +
            from_file(waiver.place).text + "\n";
  }
  return text;
}

std::string hash_of(const Configuration& configuration) {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a, 64 bits
  const auto mix = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    hash = (hash ^ 0xffU) * 0x100000001b3U;
  };
  for (const SettingLine& line : settings_of(configuration)) {
    mix(line.key);
    mix(line.value);
  }
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += hex_digits[(hash >> static_cast<unsigned>(shift)) & 15U];
  return text;
}

}  // namespace holdfast::config
