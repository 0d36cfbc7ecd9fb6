// Assembles the schemas of the two files from the schemas of their fields.
#include "config/schema.h"

#include <algorithm>
#include <vector>

#include "config/field_schema.h"
#include "config/json_text.h"
#include "config/platform.h"
#include "config/policy_reader.h"

namespace holdfast::config {
namespace {

constexpr std::string_view dialect = "https://json-schema.org/draft/2020-12/schema";

void write_text(JsonText& json, std::string_view name, std::string_view description) {
  json.begin_object(name);
  json.text("description", description);
  json.text("type", "string");
  json.raw("minLength", "1");
  json.end_object();
}

void write_version(JsonText& json) {
  json.begin_object("version");
  json.text("description", "The version of the format.");
  json.raw("const", "1");
  json.end_object();
}

void write_required(JsonText& json, std::initializer_list<std::string_view> keys) {
  json.begin_array("required");
  for (const std::string_view key : keys) json.text(key);
  json.end_array();
}

enum class ShortForm : std::uint8_t { no, text };  // text: one value may stand instead of the mapping

void begin_strict_object(JsonText& json, std::string_view key, ShortForm short_form = ShortForm::no) {
  if (!key.empty()) json.begin_object(key);
  if (short_form == ShortForm::no) {
    json.text("type", "object");
  } else {
    json.begin_array("type");
    json.text("object");
    json.text("string");
    json.end_array();
  }
  json.raw("additionalProperties", "false");
  json.begin_object("properties");
}

// The fields whose key is `prefix` and one word, then the mappings below it.
void write_group(JsonText& json, const AnySection& section, const AnySettings& defaults, const std::string& prefix) {
  std::vector<std::string> groups;
  for (const Field& field : section.fields()) {
    if (!field.key.starts_with(prefix)) continue;
    const std::string rest = field.key.substr(prefix.size());
    const std::size_t dot = rest.find('.');
    if (dot == std::string::npos) {
      write_field_schema(json, rest, field, field.show(defaults));
    } else if (std::find(groups.begin(), groups.end(), rest.substr(0, dot)) == groups.end()) {
      groups.push_back(rest.substr(0, dot));
    }
  }
  for (const std::string& group : groups) {
    const Field* short_form = section.find(prefix + group + ".address");
    begin_strict_object(json, group, short_form == nullptr ? ShortForm::no : ShortForm::text);
    write_group(json, section, defaults, prefix + group + ".");
    json.end_object();
    if (short_form != nullptr) write_required(json, {"address"});
    json.end_object();
  }
}

void write_platform(JsonText& json) {
  const Section<Platform> section = platform_section();
  json.text("title", "Holdfast: platform file");
  json.text("description", section.sentence());
  begin_strict_object(json, {});
  write_version(json);
  write_group(json, section, section.standard(), "");
  json.end_object();
  write_required(json, {"version", "listen", "upstream"});
}

// `mode: disabled` and `none` need `because:`.
void write_because_rule(JsonText& json, const AnySection& section, bool in_route) {
  const auto write_case = [&json](std::string_view key, std::string_view value) {
    json.begin_object();
    json.begin_object("properties");
    json.begin_object(key);
    json.text("const", value);
    json.end_object();
    json.end_object();
    write_required(json, {key});
    json.end_object();
  };
  const bool can_disable = !in_route && section.modes() != Modes::always;
  const auto lifts = [in_route](const Field& field) { return field.is_liftable && (field.is_routable || !in_route); };
  if (!can_disable && std::none_of(section.fields().begin(), section.fields().end(), lifts)) return;
  json.begin_object("if");
  json.begin_array("anyOf");
  if (can_disable) write_case("mode", "disabled");
  for (const Field& field : section.fields()) {
    if (lifts(field)) write_case(field.key, "none");
  }
  json.end_array();
  json.end_object();
  json.begin_object("then");
  write_required(json, {"because"});
  json.end_object();
}

void write_mode(JsonText& json, const AnySection& section) {
  json.begin_object("mode");
  json.text("description", "Whether the policy acts; report changes nothing and counts what it would have done.");
  json.begin_array("enum");
  for (const Mode mode : {Mode::enforce, Mode::report, Mode::disabled}) {
    if (allows(section.modes(), mode)) json.text(to_text(mode));
  }
  json.end_array();
  json.text("default", to_text(section.standard_mode()));
  json.end_object();
}

void write_section(JsonText& json, const AnySection& section, bool in_route) {
  const AnySettings defaults = section.standard();
  json.begin_object(section.name());
  json.text("description", section.sentence());
  json.text("type", "object");
  json.raw("additionalProperties", "false");
  json.begin_object("properties");
  if (!in_route) write_mode(json, section);
  write_text(json, "because", "Why something is given up here.");
  for (const Field& field : section.fields()) {
    if (field.is_routable || !in_route)
      write_field_schema(json, field.key, field, in_route ? std::string() : field.show(defaults));
  }
  json.end_object();
  write_because_rule(json, section, in_route);
  json.end_object();
}

void write_routes(JsonText& json, std::span<const AnySection* const> sections) {
  json.begin_object("routes");
  json.text("description", "The first route that matches wins; it changes values, never a mode.");
  json.text("type", "array");
  begin_strict_object(json, "items");
  write_text(json, "name", "The label in logs and metrics.");
  write_text(json, "match", "METHOD /path or /path; * is one whole segment, at the end the rest.");
  for (const AnySection* section : sections) {
    const auto fields = section->fields();
    if (std::any_of(fields.begin(), fields.end(), [](const Field& field) { return field.is_routable; }))
      write_section(json, *section, true);
  }
  json.end_object();
  write_required(json, {"name", "match"});
  json.end_object();
  json.end_object();
}

void write_waivers(JsonText& json) {
  json.begin_object("acceptRisk");
  json.text("description", "Checks that need not pass until a date.");
  json.text("type", "array");
  begin_strict_object(json, "items");
  write_text(json, "check", "POLICY.CHECK, such as rateLimit.enforced.");
  json.begin_object("until");
  json.text("description", "The last day of the waiver.");
  json.text("type", "string");
  json.text("format", "date");
  json.end_object();
  write_text(json, "owner", "Who answers for it.");
  write_text(json, "because", "Why it is accepted.");
  json.end_object();
  write_required(json, {"check", "until", "owner", "because"});
  json.end_object();
  json.end_object();
}

void write_policy(JsonText& json, std::span<const AnySection* const> sections) {
  json.text("title", "Holdfast: policy file");
  json.text("description", "What this sidecar enforces; a profile, and what differs from it.");
  begin_strict_object(json, {});
  write_version(json);
  json.begin_object("profile");
  json.text("description", "Pinned defaults.");
  json.begin_array("enum");
  for (const std::string& name : profile_names()) json.text(name);
  json.end_array();
  json.end_object();
  begin_strict_object(json, "policies");
  for (const AnySection* section : sections) write_section(json, *section, false);
  json.end_object();
  json.end_object();
  write_routes(json, sections);
  write_waivers(json);
  json.end_object();
  write_required(json, {"version"});
}

void write_reference(JsonText& json, std::string_view to) {
  json.begin_object();
  json.text("$ref", to);
  json.end_object();
}

}  // namespace

std::string platform_schema() {
  JsonText json;
  json.begin_object();
  json.text("$schema", dialect);
  write_platform(json);
  json.end_object();
  return json.take();
}

std::string policy_schema(std::span<const AnySection* const> sections) {
  JsonText json;
  json.begin_object();
  json.text("$schema", dialect);
  write_policy(json, sections);
  json.end_object();
  return json.take();
}

std::string schema(std::span<const AnySection* const> sections) {
  JsonText json;
  json.begin_object();
  json.text("$schema", dialect);
  json.begin_array("oneOf");
  write_reference(json, "#/$defs/platform");
  write_reference(json, "#/$defs/policy");
  json.end_array();
  json.begin_object("$defs");
  json.begin_object("platform");
  write_platform(json);
  json.end_object();
  json.begin_object("policy");
  write_policy(json, sections);
  json.end_object();
  json.end_object();
  json.end_object();
  return json.take();
}

}  // namespace holdfast::config
