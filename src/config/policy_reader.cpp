// Profiles and the `policies:` mapping; routes and waivers have files of their own.
#include "config/policy_reader.h"

#include <algorithm>
#include <array>

#include "config/codes.h"
#include "config/nearest.h"
#include "config/route_reader.h"
#include "config/rules.h"
#include "config/values.h"
#include "config/waiver_reader.h"

namespace holdfast::config {
namespace {

// A profile's values never change under the same name and version.
struct Profile {
  std::string_view name;
  bool observes;  // the policies that can, report
};
constexpr std::array profiles{Profile{"standard@1", false}, Profile{"observe@1", true}};

const std::array<std::string, 5> root_keys{"version", "profile", "policies", "routes", "acceptRisk"};

std::vector<std::string> accepted_modes(Modes modes) {
  std::vector<std::string> words;
  for (const Mode mode : {Mode::enforce, Mode::report, Mode::disabled}) {
    if (allows(modes, mode)) words.emplace_back(to_text(mode));
  }
  return words;
}

}  // namespace

std::vector<std::string> profile_names() {
  std::vector<std::string> names;
  names.reserve(profiles.size());
  for (const Profile& profile : profiles) names.emplace_back(profile.name);
  return names;
}

PolicyReader::PolicyReader(Reader& reader, Configuration& configuration, std::span<const AnySection* const> sections,
                           std::chrono::year_month_day today)
    : reader_(reader), configuration_(configuration), sections_(sections), today_(today) {}

bool PolicyReader::apply_profile(std::string_view name) {
  const auto profile =
      std::find_if(profiles.begin(), profiles.end(), [name](const Profile& p) { return p.name == name; });
  if (profile == profiles.end()) return false;
  configuration_.profile = name;
  configuration_.policies.clear();
  for (const AnySection* section : sections_) {
    const bool reports = profile->observes && section->modes() == Modes::with_report;
    configuration_.policies.push_back(
        {section, reports ? Mode::report : section->standard_mode(), section->standard(), {}});
    reader_.origins().set(section->name() + ".mode", from_profile(name));
    for (const Field& field : section->fields())
      reader_.origins().set(section->name() + "." + field.key, from_profile(name));
  }
  return true;
}

void PolicyReader::read_file(const Document& document) {
  reader_.check_version(document);
  read_profile(document);
  if (document.root.shape == Node::Shape::null ||
      !reader_.is_mapping(document.root, "version: 1, profile: standard@1 and policies:"))
    return;
  for (const Entry& entry : document.root.entries) {
    if (entry.key == "policies") read_policies(entry);
    if (entry.key == "acceptRisk") read_waivers(reader_, entry, sections_, today_, configuration_.waivers);
    if (std::find(root_keys.begin(), root_keys.end(), entry.key) != root_keys.end()) continue;
    const bool is_policy = find(entry.key) != nullptr;
    reader_.unknown_key(entry, root_keys, is_policy ? "move it below policies:" : "");
  }
  for (const Entry& entry : document.root.entries) {
    if (entry.key == "routes") read_routes(reader_, entry, configuration_);
  }
}

void PolicyReader::read_profile(const Document& document) {
  apply_profile(profiles.front().name);
  const Entry* entry = document.root.find("profile");
  if (entry == nullptr) return;
  const std::string name = reader_.read_text(*entry, check_word);
  if (name.empty() || apply_profile(name)) return;
  const std::vector<std::string> names = profile_names();
  std::string near = nearest(name, names);
  const std::string fix = near.empty() ? "use standard@1 or observe@1" : "write " + near;
  reader_.fault(entry->value.place, code::unknown_profile, "there is no profile '" + name + "'", fix, std::move(near));
}

LoadedPolicy* PolicyReader::find(std::string_view name) {
  for (LoadedPolicy& policy : configuration_.policies) {
    if (policy.section->name() == name) return &policy;
  }
  return nullptr;
}

void PolicyReader::read_policies(const Entry& entry) {
  if (!reader_.is_mapping(entry, "one line per policy, such as timeouts: {firstByte: 5s}")) return;
  for (const Entry& policy : entry.value.entries) read_policy(policy);
}

void PolicyReader::read_policy(const Entry& entry) {
  LoadedPolicy* policy = find(entry.key);
  if (policy == nullptr) {
    std::vector<std::string> names;
    std::string hint;
    for (const AnySection* section : sections_) {
      names.push_back(section->name());
      if (section->find(entry.key) != nullptr) hint = "move it into " + section->name() + ": {…}";
    }
    reader_.unknown_key(entry, names, hint);
    return;
  }
  if (!reader_.is_mapping(entry, "its settings in braces, such as {mode: enforce}")) return;
  const AnySection& section = *policy->section;
  const std::size_t before = reader_.fault_count();
  const bool because = read_because(reader_, entry.value, section.name() + ".because", policy->because);
  for (const Entry& setting : entry.value.entries) {
    if (setting.key == "because") continue;
    if (setting.key == "mode") {
      read_mode(setting, because, *policy);
    } else if (const Field* field = section.find(setting.key)) {
      reader_.read_field(*field, setting, because, section.name() + "." + field->key, "", policy->settings);
    } else {
      unknown_field(setting, section);
    }
  }
  if (reader_.fault_count() != before) return;
  check_rules(reader_, section, policy->settings, {section.name() + "."}, entry.place);
}

void PolicyReader::unknown_field(const Entry& entry, const AnySection& section) {
  std::vector<std::string> known{"mode", "because"};
  for (const Field& field : section.fields()) known.push_back(field.key);
  std::string hint;
  for (const AnySection* other : sections_) {
    if (other->find(entry.key) != nullptr) hint = "move it to " + other->name();
  }
  reader_.unknown_key(entry, known, hint);
}

void PolicyReader::read_mode(const Entry& entry, bool because, LoadedPolicy& policy) {
  const AnySection& section = *policy.section;
  const std::vector<std::string> accepted = accepted_modes(section.modes());
  std::string all;
  for (const std::string& word : accepted) all += (all.empty() ? "" : ", ") + word;
  const Node& node = entry.value;
  if (node.refused) return;
  const Place place = node.shape == Node::Shape::null ? entry.place : node.place;
  for (const Mode mode : {Mode::enforce, Mode::report, Mode::disabled}) {
    if (node.shape != Node::Shape::scalar || node.text != to_text(mode)) continue;
    if (!allows(section.modes(), mode)) {
      reader_.fault(place, code::bad_mode, section.name() + " cannot be in mode " + node.text, "use one of: " + all);
    } else if (mode == Mode::disabled && !because) {
      reader_.fault(place, code::because_missing, section.name() + " is disabled without a reason",
                    "add because: … to the same mapping");
    } else {
      policy.mode = mode;
      reader_.origins().set(section.name() + ".mode", from_file(entry.place));
    }
    return;
  }
  std::string near = nearest(node.text, accepted);
  const bool bare = is_bare_boolean(node.text, node.quoted);
  reader_.fault(place, bare ? code::bare_word : code::bad_mode, "'" + node.text + "' is no mode", "use one of: " + all,
                std::move(near));
}

}  // namespace holdfast::config
