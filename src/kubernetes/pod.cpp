// What a pod must have, and what it must not have already.
#include "kubernetes/pod.h"

#include <algorithm>
#include <array>

#include "core/bytes.h"
#include "kubernetes/shown.h"

namespace holdfast::kubernetes {
namespace {

constexpr std::array<std::string_view, 2> container_lists{"containers", "initContainers"};
constexpr std::size_t most_containers = 1000;  // no node runs that many; each costs some walks and may cost a warning

// A list of objects where there is one; what is edited must have the type that Kubernetes gives it.
std::optional<Remark> wrong_list(const Json& parent, std::string_view name, const Path& at) {
  const Json* list = look(parent, {name});
  if (list == nullptr) return std::nullopt;
  const bool objects =
      list->is_array() && std::all_of(list->begin(), list->end(), [](const Json& one) { return one.is_object(); });
  if (objects) return std::nullopt;
  return remark(code::wrong_type, "'" + std::string(name) + "' is no list of mappings", "correct it", at / name);
}

std::optional<Remark> wrong_mapping(const Json& parent, std::string_view name, const Path& at) {
  const Json* mapping = look(parent, {name});
  if (mapping == nullptr || mapping->is_object()) return std::nullopt;
  return remark(code::wrong_type, "'" + std::string(name) + "' is no mapping", "correct it", at / name);
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [text](std::string_view word) { return text.starts_with(word); });
}

Remark taken(const std::string& what, std::string_view name, Path at) {
  return remark(code::name_taken,
                what + " is named " + std::string(name) + " already, and Holdfast did not put it there",
                "remove or rename it; a sidecar written by hand is not changed", std::move(at));
}

}  // namespace

Remark remark(std::string_view code, std::string sentence, std::string fix, Path at) {
  return {std::string(code), std::move(sentence), std::move(fix), std::move(at)};
}

std::vector<Placed> containers_of(const Pod& pod) {
  std::vector<Placed> all;
  for (const std::string_view list : container_lists) {
    const Json* containers = look(pod.spec, {list});
    if (containers == nullptr || !containers->is_array()) continue;
    for (std::size_t i = 0; i < containers->size(); ++i) all.push_back({&(*containers)[i], pod.spec_at / list / i});
  }
  return all;
}

std::vector<long> declared_ports(const Pod& pod) {
  std::vector<long> numbers;
  for (const std::string_view list : container_lists) {
    const Json* containers = look(pod.spec, {list});
    if (containers == nullptr || !containers->is_array()) continue;
    for (const Json& container : *containers) {
      const Json* ports = look(container, {"ports"});
      if (ports == nullptr || !ports->is_array()) continue;
      for (const Json& port : *ports) {
        if (const auto number = number_of(look(port, {"containerPort"}))) numbers.push_back(*number);
      }
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::optional<Remark> wrong_shape(const Pod& pod) {
  for (const std::string_view list : {"containers", "initContainers", "volumes"}) {
    if (auto wrong = wrong_list(pod.spec, list, pod.spec_at)) return wrong;
  }
  const Json* containers = look(pod.spec, {"containers"});
  if (containers == nullptr || containers->empty()) {
    return remark(code::wrong_type, "a pod without containers", "add one", pod.spec_at);
  }
  const Json* initial = look(pod.spec, {"initContainers"});
  if (containers->size() + (initial == nullptr ? 0 : initial->size()) > most_containers)
    return remark(code::too_large, "a pod with more than 1000 containers is not injected", "", pod.spec_at);
  for (const Placed& one : containers_of(pod)) {
    if (!is_container_name(text_of(look(*one.value, {"name"})))) {
      return remark(code::wrong_type, "a container without a name that Kubernetes accepts",
                    "write name: with lower-case letters, digits and -", one.at);
    }
    if (auto wrong = wrong_list(*one.value, "ports", one.at)) return wrong;
    for (const std::string_view name : {"lifecycle", "readinessProbe", "livenessProbe", "startupProbe"}) {
      if (auto wrong = wrong_mapping(*one.value, name, one.at)) return wrong;
      const Json* probe = look(*one.value, {name});
      if (probe == nullptr) continue;
      for (const std::string_view kind : {"httpGet", "tcpSocket", "grpc"}) {
        if (auto wrong = wrong_mapping(*probe, kind, one.at / name)) return wrong;
      }
    }
  }
  return std::nullopt;
}

std::optional<Remark> name_taken(const Pod& pod, const AppPort& app, const Settings& settings) {
  for (const Placed& one : containers_of(pod)) {
    if (text_of(look(*one.value, {"name"})) == sidecar_name) return taken("a container", sidecar_name, one.at);
  }
  if (const Json* volumes = look(pod.spec, {"volumes"}); volumes != nullptr && !settings.policy.empty()) {
    for (std::size_t i = 0; i < volumes->size(); ++i) {
      if (text_of(look((*volumes)[i], {"name"})) == policy_volume) {
        return taken("a volume", policy_volume, pod.spec_at / "volumes" / i);
      }
    }
  }
  const Json* ports = look(*app.container, {"ports"});
  for (std::size_t i = 0; ports != nullptr && i < ports->size(); ++i) {
    const bool renames = settings.capture == Capture::named_port;
    if (renames && text_of(look((*ports)[i], {"name"})) == app_port_name) {
      return taken("a port", app_port_name, app.container_at / "ports" / i);
    }
  }
  const std::vector<long> declared = declared_ports(pod);
  for (const long own : {telemetry_port, admin_port}) {
    if (!std::binary_search(declared.begin(), declared.end(), own)) continue;
    return remark(code::port_taken, "port " + std::to_string(own) + " is declared, and the sidecar needs it",
                  "move the app's to another number", pod.spec_at / "containers");
  }
  return std::nullopt;
}

std::optional<Remark> foreign_protocol(const AppPort& app) {
  if (starts_with_any(app.name, {"grpc", "h2c", "https", "http2", "tls"})) {
    return remark(code::protocol,
                  "port " + shown(app.name) + " speaks what Holdfast does not: HTTP/1.1 without TLS is needed",
                  "capture another port with holdfast.dev/app-port, or opt out with the label " +
                      std::string(inject_label) + ": \"false\"",
                  app.container_at / "ports" / app.index.value_or(0));
  }
  for (const std::string_view name : {"readinessProbe", "livenessProbe", "startupProbe"}) {
    const Json* probe = look(*app.container, {name});
    if (probe == nullptr) continue;
    const Json* get = look(*probe, {"httpGet"});
    const Json* grpc = look(*probe, {"grpc"});
    const bool tls = get != nullptr && text_of(look(*get, {"scheme"})) == "HTTPS" &&
                     port_number(*app.container, look(*get, {"port"})) == app.number;
    const bool rpc = grpc != nullptr && number_of(look(*grpc, {"port"})) == app.number;
    if (!tls && !rpc) continue;
    return remark(code::protocol,
                  "port " + std::to_string(app.number) + " is probed with " + (tls ? "HTTPS" : "gRPC") +
                      ", which Holdfast does not speak",
                  "capture another port with holdfast.dev/app-port, or opt out with the label " +
                      std::string(inject_label) + ": \"false\"",
                  app.container_at / name);
  }
  return std::nullopt;
}

}  // namespace holdfast::kubernetes
