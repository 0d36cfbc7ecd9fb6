// A route changes leaf values of routable fields; everything else in it is refused with the reason.
#include "config/route_reader.h"

#include <algorithm>
#include <array>

#include "config/codes.h"
#include "config/rules.h"
#include "config/values.h"
#include "core/bytes.h"

namespace holdfast::config {
namespace {

std::string check_name(std::string_view text) {
  constexpr std::size_t longest = 64;
  const auto accepted = [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.'; };
  if (text.empty() || text.size() > longest) return "a route name has 1 to 64 characters";
  if (!std::all_of(text.begin(), text.end(), accepted)) return "a route name has letters, digits and . _ - only";
  if (text == "unmatched" || text == "other") return "this name is taken: metrics use it for requests without a route";
  return {};
}

// Matching sees the decoded, merged and resolved path: a pattern that is none can never match.
std::string check_segment(std::string_view segment, bool last) {
  if (segment == "*") return {};
  if (segment.empty() && !last) return "'//' never matches: slashes are merged before matching";
  if (segment == "." || segment == "..")
    return "'" + std::string(segment) + "' never matches: dot segments are resolved before matching";
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const char c = segment[i];
    if (c == '*') return "'*' stands for one whole segment, or at the end for the rest";
    if (c == '?' || c == '#') return "a pattern has no query and no fragment";
    if (c <= ' ' || c >= '\x7f') return "a path has visible ASCII characters only; others are percent-encoded";
    if (c != '%') continue;
    const int high = i + 2 < segment.size() ? hex_value(segment[i + 1]) : -1;
    const int low = i + 2 < segment.size() ? hex_value(segment[i + 2]) : -1;
    if (high < 0 || low < 0) return "'%' is followed by two hexadecimal digits";
    const char decoded = static_cast<char>(high * 16 + low);
    const bool unreserved =
        is_alpha(decoded) || is_digit(decoded) || std::string_view("-._~").find(decoded) != std::string_view::npos;
    if (unreserved)
      return "'" + std::string(segment.substr(i, 3)) + "' never matches: it is decoded before matching; write " +
             decoded;
  }
  return {};
}

std::string check_pattern(std::string_view path) {
  if (!path.starts_with('/')) return "the path starts with /";
  path.remove_prefix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    const bool last = slash == std::string_view::npos;
    if (std::string wrong = check_segment(path.substr(0, slash), last); !wrong.empty()) return wrong;
    if (last) return {};
    path.remove_prefix(slash + 1);
  }
}

class RouteReader {
 public:
  RouteReader(Reader& reader, Configuration& configuration) : reader_(reader), configuration_(configuration) {}

  void read(const Node& node) {
    if (!reader_.is_mapping(node, "{name: …, match: POST /users, …}")) return;
    LoadedRoute route;
    route.place = node.place;
    for (const LoadedPolicy& policy : configuration_.policies) route.settings.push_back(policy.settings);
    route.because.resize(route.settings.size());
    read_identity(node, route);
    for (const Entry& entry : node.entries) {
      if (entry.key != "name" && entry.key != "match") read_policy(entry, route);
    }
    configuration_.routes.push_back(std::move(route));
  }

 private:
  void read_identity(const Node& node, LoadedRoute& route) {
    const Entry* name = node.find("name");
    const Entry* match = node.find("match");
    if (name == nullptr)
      reader_.fault(node.place, code::missing_key, "the route has no 'name'",
                    "add name: …, the label in logs and metrics");
    if (match == nullptr)
      reader_.fault(node.place, code::missing_key, "the route has no 'match'",
                    "add match: METHOD /path, such as match: POST /users");
    if (name != nullptr) route.name = reader_.read_text(*name, check_name);
    if (match != nullptr) read_match(*match, route);
    if (name != nullptr && !route.name.empty()) check_name_is_new(*name, route);
  }

  void check_name_is_new(const Entry& entry, const LoadedRoute& route) {
    for (const LoadedRoute& other : configuration_.routes) {
      if (other.name != route.name) continue;
      reader_.fault(entry.value.place, code::duplicate_route,
                    "the route in line " + std::to_string(other.place.line) + " is called '" + route.name + "' too",
                    "choose another name");
      return;
    }
  }

  void read_match(const Entry& entry, LoadedRoute& route) {
    const std::size_t before = reader_.fault_count();
    const std::string text = reader_.read_text(entry, [](std::string_view) { return std::string(); });
    if (reader_.fault_count() != before || entry.value.refused) return;
    const std::string wrong = parse_match(text, route.method, route.path);
    if (!wrong.empty()) {
      reader_.fault(entry.value.place, code::bad_match, "'" + text + "' matches nothing: " + wrong,
                    "write METHOD /path or /path, such as POST /users");
      return;
    }
    for (const LoadedRoute& other : configuration_.routes) {
      const bool same_method = other.method == route.method || other.method.empty();
      if (!same_method || other.path != route.path || other.path.empty()) continue;
      reader_.fault(entry.value.place, code::duplicate_route,
                    "the route '" + other.name + "' in line " + std::to_string(other.place.line) +
                        " takes all its requests: first match wins",
                    "remove one of them");
      return;
    }
  }

  void read_policy(const Entry& entry, LoadedRoute& route) {
    std::vector<std::string> known{"name", "match"};
    for (std::size_t i = 0; i < configuration_.policies.size(); ++i) {
      const AnySection& section = *configuration_.policies[i].section;
      const bool any = std::any_of(section.fields().begin(), section.fields().end(),
                                   [](const Field& field) { return field.is_routable; });
      if (any) known.push_back(section.name());
      if (section.name() != entry.key) continue;
      if (!any) {
        reader_.fault(entry.place, code::not_routable, "a route cannot change " + section.name(),
                      "set it below policies:, for all routes");
        return;
      }
      read_settings(entry, section, route, i);
      return;
    }
    reader_.unknown_key(entry, known,
                        is_setting(entry.key) ? "put it into its policy, such as timeouts: {request: 30s}" : "");
  }

  bool is_setting(std::string_view key) const {
    return std::any_of(configuration_.policies.begin(), configuration_.policies.end(),
                       [key](const LoadedPolicy& policy) { return policy.section->find(key) != nullptr; });
  }

  void read_settings(const Entry& entry, const AnySection& section, LoadedRoute& route, std::size_t index) {
    if (!reader_.is_mapping(entry, "its settings in braces")) return;
    const std::size_t before = reader_.fault_count();
    const std::string prefix = "routes." + route.name + "." + section.name() + ".";
    AnySettings& settings = route.settings[index];
    const bool because = read_because(reader_, entry.value, prefix + "because", route.because[index]);
    for (const Entry& setting : entry.value.entries) {
      const Field* field = section.find(setting.key);
      if (setting.key == "because") continue;
      if (setting.key == "mode") {
        reader_.fault(setting.place, code::not_routable, "a route cannot change a mode",
                      "set the mode below policies:, for all routes");
      } else if (field == nullptr) {
        unknown_field(setting, section);
      } else if (!field->is_routable) {
        reader_.fault(
            setting.place, code::not_routable,
            "a route cannot change " + setting.key + ": it acts before the route is known or for all routes together",
            "set it in " + section.name() + " below policies:");
      } else {
        reader_.read_field(*field, setting, because, prefix + field->key, "", settings);
      }
    }
    if (reader_.fault_count() == before)
      check_rules(reader_, section, settings, {prefix, section.name() + "."}, entry.place);
  }

  void unknown_field(const Entry& entry, const AnySection& section) {
    std::vector<std::string> known;
    for (const Field& field : section.fields()) {
      if (field.is_routable) known.push_back(field.key);
    }
    reader_.unknown_key(entry, known);
  }

  Reader& reader_;
  Configuration& configuration_;
};

}  // namespace

std::string parse_match(std::string_view text, std::string& method, std::string& path) {
  constexpr std::size_t longest = 1024;
  if (text.size() > longest) return "a pattern has at most 1024 characters";
  std::string_view verb;
  const std::size_t space = text.find(' ');
  if (space != std::string_view::npos) {
    verb = text.substr(0, space);
    text.remove_prefix(space + 1);
    if (!check_header_name(verb).empty()) return "the method is a word such as GET";
    if (std::any_of(verb.begin(), verb.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
      return "methods are written in capitals";
    if (verb == "CONNECT" || verb == "TRACE") return std::string(verb) + " is always refused";
  }
  if (std::string wrong = check_pattern(text); !wrong.empty()) return wrong;
  method = verb;
  path = text;
  return {};
}

void read_routes(Reader& reader, const Entry& entry, Configuration& configuration) {
  if (!reader.is_list(entry, "a list of routes")) return;
  RouteReader routes(reader, configuration);
  for (const Node& node : entry.value.items) routes.read(node);
}

}  // namespace holdfast::config
