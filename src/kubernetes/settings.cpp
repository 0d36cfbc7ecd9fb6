// Each annotation is one line of a table: its name, how it is read, what is accepted.
#include "kubernetes/settings.h"

#include <algorithm>
#include <array>

#include "config/nearest.h"
#include "core/bytes.h"
#include "core/units.h"
#include "kubernetes/quantity.h"
#include "kubernetes/shown.h"

namespace holdfast::kubernetes {
namespace {

bool all_of(std::string_view text, std::string_view also) {
  return std::all_of(text.begin(), text.end(), [also](char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || also.find(c) != std::string_view::npos;
  });
}

// RFC 1123 label or subdomain, as Kubernetes has it.
bool is_name(std::string_view text, std::size_t longest, std::string_view also) {
  const auto ends_well = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c); };
  return !text.empty() && text.size() <= longest && all_of(text, also) && ends_well(text.front()) &&
         ends_well(text.back());
}

bool between(std::string_view text, std::uint64_t least, std::uint64_t most) {
  const auto number = parse_count(text);
  return number && *number >= least && *number <= most;
}

bool is_port(std::string_view text) { return between(text, 1, 65535); }

bool is_word_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// Each returns false when the value is not accepted.
bool read_policy(Settings& s, const std::string& v) { return is_config_map_name(s.policy = v); }
bool read_app_port(Settings& s, const std::string& v) { return is_port(s.app_port = v) || is_name(v, 15, "-"); }
bool read_app_container(Settings& s, const std::string& v) { return is_container_name(s.app_container = v); }
bool read_proxy_port(Settings& s, const std::string& v) {
  if (!between(v, 1024, 65535)) return false;
  s.proxy_port = static_cast<long>(parse_count(v).value_or(0));
  return true;
}
bool read_capture(Settings& s, const std::string& v) {
  s.capture = v == "same-port" ? Capture::same_port : Capture::named_port;
  return is_word_of(v, {"named-port", "same-port"});
}
bool read_native(Settings& s, const std::string& v) {
  const auto native = parse_native(v);
  s.native = native.value_or(Native::automatic);
  return native.has_value();
}
bool read_rewrite_probes(Settings& s, const std::string& v) {
  s.rewrite_probes = v == "true";
  return is_word_of(v, {"true", "false"});
}
bool read_trusted_hops(Settings& s, const std::string& v) { return between(s.trusted_hops = v, 0, 16); }
bool read_cpu_request(Settings& s, const std::string& v) { return quantity_of(s.cpu_request = v).value_or(0) > 0; }
bool read_memory_request(Settings& s, const std::string& v) {
  return quantity_of(s.memory_request = v).value_or(0) > 0;
}
bool read_memory_limit(Settings& s, const std::string& v) { return quantity_of(s.memory_limit = v).value_or(0) > 0; }
bool read_log_level(Settings& s, const std::string& v) {
  return is_word_of(s.log_level = v, {"trace", "debug", "info", "warn", "error"});
}

struct Annotation {
  std::string_view name;
  bool (*read)(Settings& settings, const std::string& value);
  std::string_view accepted;
};

constexpr std::array annotations{
    Annotation{"policy", read_policy, "the name of a ConfigMap"},
    Annotation{"app-port", read_app_port, "the name or the number of a port"},
    Annotation{"app-container", read_app_container, "the name of a container"},
    Annotation{"proxy-port", read_proxy_port, "a number from 1024 to 65535"},
    Annotation{"capture", read_capture, "named-port or same-port"},
    Annotation{"native", read_native, "auto, true or false"},
    Annotation{"rewrite-probes", read_rewrite_probes, "true or false"},
    Annotation{"trusted-hops", read_trusted_hops, "a number from 0 to 16"},
    Annotation{"cpu-request", read_cpu_request, "an amount such as 20m"},
    Annotation{"memory-request", read_memory_request, "an amount such as 16Mi"},
    Annotation{"memory-limit", read_memory_limit, "an amount such as 128Mi"},
    Annotation{"log-level", read_log_level, "trace, debug, info, warn or error"},
};

std::string known_or_near(std::string_view name) {
  std::vector<std::string> names;
  names.reserve(annotations.size());
  for (const Annotation& one : annotations) names.emplace_back(one.name);
  const std::string near = config::nearest(name, names);
  if (!near.empty()) return "did you mean " + std::string(prefix) + near + "?";
  std::string all = "known are";
  for (const std::string& one : names) all.append(all.ends_with("are") ? " " : ", ").append(one);
  return all;
}

Remark not_text(std::string_view key, const Path& at) {
  return {std::string(code::wrong_type), "the value of " + std::string(key) + " is no text", "put it in quotes", at};
}

// The remark, or nothing when the annotation is as it should be.
std::optional<Remark> read_one(const std::string& key, const Json& value, const Path& at, Settings& settings) {
  if (key == status_key) return std::nullopt;
  const std::string_view name = std::string_view(key).substr(prefix.size());
  for (const Annotation& one : annotations) {
    if (one.name != name) continue;
    if (!value.is_string()) return not_text(key, at);
    const std::string text(text_of(&value));
    if (one.read(settings, text)) return std::nullopt;
    return Remark{std::string(code::bad_annotation), key + " cannot be '" + shown(text) + "'",
                  "write " + std::string(one.accepted), at};
  }
  return Remark{std::string(code::unknown_annotation), shown(key) + " means nothing", known_or_near(name), at};
}

}  // namespace

bool is_container_name(std::string_view text) { return is_name(text, 63, "-"); }
bool is_config_map_name(std::string_view text) { return is_name(text, 253, "-."); }

std::optional<Native> parse_native(std::string_view text) {
  if (text == "auto") return Native::automatic;
  if (text == "true") return Native::yes;
  if (text == "false") return Native::no;
  return std::nullopt;
}

std::uint64_t memory_limit_bytes(const Settings& settings) {
  constexpr double thousandths = 1000;
  return static_cast<std::uint64_t>(quantity_of(settings.memory_limit).value_or(0) / thousandths);
}

Result<Settings, Remark> read_settings(const Json& metadata, const Path& at, Settings defaults) {
  Settings settings = std::move(defaults);
  const Path here = at / "annotations";
  if (const Json* all = look(metadata, {"annotations"}); all != nullptr && all->is_object()) {
    for (const auto& one : all->items()) {
      if (!one.key().starts_with(prefix)) continue;
      if (auto wrong = read_one(one.key(), one.value(), here / one.key(), settings)) return std::move(*wrong);
    }
  }
  const Path limit = here / "holdfast.dev/memory-limit";
  if (quantity_of(settings.memory_request).value_or(0) > quantity_of(settings.memory_limit).value_or(0)) {
    return Remark{std::string(code::bad_annotation),
                  "the sidecar cannot ask for more memory (" + shown(settings.memory_request) + ") than its limit (" +
                      shown(settings.memory_limit) + ")",
                  "raise memory-limit or lower memory-request", limit};
  }
  const std::uint64_t least = settings.policy.empty() ? least_memory_of_default : least_memory;
  if (memory_limit_bytes(settings) < least) {
    return Remark{std::string(code::bad_annotation),
                  "memory-limit " + shown(settings.memory_limit) + " is less than the sidecar needs " +
                      (settings.policy.empty() ? "with the default policy, " : "with any policy, ") +
                      std::to_string(least >> 20U) + "Mi",
                  settings.policy.empty() ? "raise it, or name a policy with fewer connections" : "raise it", limit};
  }
  if (settings.capture == Capture::same_port && settings.proxy_port) {
    return Remark{std::string(code::bad_annotation), "with capture same-port the proxy has the app's port",
                  "remove proxy-port", here / "holdfast.dev/proxy-port"};
  }
  return settings;
}

Result<OptIn, Remark> read_opt_in(const Json& metadata, const Path& at) {
  OptIn answer = OptIn::neither;
  const Json* labels = look(metadata, {"labels"});
  if (labels == nullptr || !labels->is_object()) return answer;
  for (const auto& one : labels->items()) {
    if (!one.key().starts_with(prefix)) continue;
    const Path here = at / "labels" / one.key();
    if (one.key() != inject_label) {
      return Remark{std::string(code::unknown_annotation), "the label " + shown(one.key()) + " means nothing on a pod",
                    "the only one is " + std::string(inject_label) + "; settings are annotations", here};
    }
    if (!one.value().is_string()) return not_text(one.key(), here);
    const std::string_view value = text_of(&one.value());
    if (value != "true" && value != "false") {
      return Remark{std::string(code::bad_annotation), one.key() + " cannot be '" + shown(value) + "'",
                    "write \"true\" or \"false\"", here};
    }
    answer = value == "true" ? OptIn::in : OptIn::out;
  }
  return answer;
}

}  // namespace holdfast::kubernetes
