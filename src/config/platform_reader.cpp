// The platform file: known keys in nested mappings, then what must hold between the addresses.
#include "config/platform_reader.h"

#include <algorithm>
#include <array>

#include "config/codes.h"
#include "config/nearest.h"

namespace holdfast::config {
namespace {

// The keys that may stand in the mapping `prefix` ("" or "log."), in the order of their declaration.
std::vector<std::string> keys_below(const AnySection& section, std::string_view prefix) {
  std::vector<std::string> keys;
  if (prefix.empty()) keys.emplace_back("version");
  for (const Field& field : section.fields()) {
    if (!field.key.starts_with(prefix)) continue;
    const std::string_view rest = std::string_view(field.key).substr(prefix.size());
    std::string key(rest.substr(0, rest.find('.')));
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
  }
  return keys;
}

bool has_group(const AnySection& section, const std::string& prefix) {
  return std::any_of(section.fields().begin(), section.fields().end(),
                     [&prefix](const Field& field) { return field.key.starts_with(prefix); });
}

bool covers_all(const Address& address) {
  return address.form == Address::Form::dual_stack || address.host == "0.0.0.0" || address.host == "::";
}

// Both cannot be bound, or one reaches the other.
bool overlap(const Address& a, const Address& b) {
  if (a.form == Address::Form::unix_path || b.form == Address::Form::unix_path) return false;
  if (a.port == 0 || a.port != b.port) return false;
  const bool same_host = a.host == b.host || (is_loopback(a) && is_loopback(b) && a.form != Address::Form::ipv6 &&
                                              b.form != Address::Form::ipv6);
  return same_host || covers_all(a) || covers_all(b);
}

}  // namespace

PlatformReader::PlatformReader(Reader& reader, Configuration& configuration)
    : reader_(reader), configuration_(configuration), section_(platform_section()), settings_(section_.standard()) {}

void PlatformReader::read_file(const Document& document) {
  reader_.check_version(document);
  if (document.root.shape == Node::Shape::null) return;
  if (reader_.is_mapping(document.root, "version: 1, then listen: and upstream:")) read_group(document.root, "");
}

void PlatformReader::read_group(const Node& mapping, const std::string& prefix) {
  for (const Entry& entry : mapping.entries) {
    if (prefix.empty() && entry.key == "version") continue;
    read_entry(entry, prefix);
  }
}

void PlatformReader::read_entry(const Entry& entry, const std::string& prefix) {
  const std::string key = prefix + entry.key;
  const Field* field = entry.key.find('.') == std::string::npos ? section_.find(key) : nullptr;
  const bool group = field == nullptr && entry.key.find('.') == std::string::npos && has_group(section_, key + ".");
  if (group && entry.value.shape == Node::Shape::scalar)
    field = section_.find(key + ".address");  // `upstream: 127.0.0.1:3000`
  if (field != nullptr) {
    if (!reader_.read_field(*field, entry, false, field->key, flag_of(field->key), settings_))
      refused_.push_back(field->key);
    return;
  }
  const std::vector<std::string> inside = keys_below(section_, key + ".");
  if (group) {
    const std::size_t before = reader_.fault_count();
    if (reader_.is_mapping(entry, "{" + inside.front() + ": …}")) read_group(entry.value, key + ".");
    if (reader_.fault_count() != before) refused_.push_back(key + "." + inside.front());
    return;
  }
  constexpr std::array<std::string_view, 4> of_policy{"profile", "policies", "routes", "acceptRisk"};
  const bool misplaced = std::find(of_policy.begin(), of_policy.end(), entry.key) != of_policy.end();
  reader_.unknown_key(entry, keys_below(section_, prefix),
                      misplaced ? "move it to the policy file that policy: names" : "");
  // A misspelt required key is one fault, not two.
  refused_.push_back(prefix + nearest(entry.key, keys_below(section_, prefix)));
}

void PlatformReader::read_flags(std::span<const FlagValue> flags) {
  for (const FlagValue& one : flags) {
    for (const PlatformFlag& known : platform_flags()) {
      const Field* field = section_.find(known.key);
      if (known.flag != one.flag || field == nullptr) continue;
      Given given;
      given.text = one.value;
      given.quoted = field->kind == Kind::text;  // a shell has no booleans
      if (auto wrong = field->read(settings_, given)) {
        reader_.fault({one.flag, 0, 0}, wrong->code, wrong->sentence, std::move(wrong->fix),
                      std::move(wrong->did_you_mean));
        refused_.push_back(field->key);
      } else {
        reader_.origins().set(field->key, from_flag(one.flag));
      }
    }
  }
}

void PlatformReader::finish(const Place& start, bool complete) {
  configuration_.platform = settings_.as<Platform>();
  const Platform& platform = configuration_.platform;
  const auto missing = [&](std::string_view key, std::string_view fix) {
    const bool reported = std::any_of(refused_.begin(), refused_.end(), [key](const std::string& refused) {
      return refused == key || refused == key.substr(0, key.find('.'));
    });
    if (complete && !reported) {
      const bool has_group = is_unset(platform.upstream) && key.starts_with("upstream") && !platform.health.empty();
      const std::string name(has_group ? key : key.substr(0, key.find('.')));
      reader_.fault(has_group ? place_of("upstream.health") : start, code::missing_key, "'" + name + "' is missing",
                    std::string(fix));
    }
  };
  if (is_unset(platform.listen)) missing("listen", "add listen: 0.0.0.0:8080, or pass --listen");
  if (is_unset(platform.upstream))
    missing("upstream.address", "add upstream: {address: 127.0.0.1:3000}, or pass --upstream");
  check_listeners(platform);
}

void PlatformReader::check_listeners(const Platform& platform) {
  if (!is_loopback(platform.admin) && platform.admin_exposed_because.empty()) {
    reader_.fault(place_of("admin"), code::admin_exposed,
                  "admin: " + to_text(platform.admin) + " is reachable from outside this pod",
                  "use 127.0.0.1:9901, or add adminExposed: {because: …}");
  }
  struct Named {
    std::string_view key;
    const Address& address;
  };
  const std::array listeners{Named{"listen", platform.listen}, Named{"telemetry", platform.telemetry},
                             Named{"admin", platform.admin}};
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const auto& [key, address] = listeners[i];
    if (overlap(address, platform.upstream)) {
      reader_.fault(place_of("upstream.address"), code::rule,
                    "upstream: " + to_text(platform.upstream) + " is this sidecar's own " + std::string(key),
                    "name the port of the app");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (!overlap(address, listeners[j].address)) continue;
      reader_.fault(place_of(key), code::rule,
                    std::string(key) + ": " + to_text(address) + " and " + std::string(listeners[j].key) + ": " +
                        to_text(listeners[j].address) + " take the same port",
                    "give each listener its own port");
    }
  }
}

Place PlatformReader::place_of(std::string_view key) const {
  const Origin* origin = reader_.origins().find(key);
  return origin == nullptr ? Place{"built in", 0, 0} : origin->place;
}

}  // namespace holdfast::config
