// Which container is the app, and which of its ports is captured.
#include <algorithm>
#include <array>

#include "core/units.h"
#include "kubernetes/pod.h"
#include "kubernetes/shown.h"

namespace holdfast::kubernetes {
namespace {

// Proxies of service meshes bring ports of their own.
constexpr std::array<std::string_view, 3> mesh_proxies{"istio-proxy", "linkerd-proxy", "consul-dataplane"};

bool is_mesh_proxy(std::string_view name) {
  return std::find(mesh_proxies.begin(), mesh_proxies.end(), name) != mesh_proxies.end();
}

bool is_tcp(const Json& port) {
  const std::string_view protocol = text_of(look(port, {"protocol"}));
  return protocol.empty() || protocol == "TCP";
}

std::vector<std::size_t> tcp_ports(const Json& container) {
  std::vector<std::size_t> found;
  const Json* ports = look(container, {"ports"});
  if (ports == nullptr || !ports->is_array()) return found;
  for (std::size_t i = 0; i < ports->size(); ++i) {
    if (is_tcp((*ports)[i]) && number_of(look((*ports)[i], {"containerPort"}))) found.push_back(i);
  }
  return found;
}

bool is_meant(const Json& port, const std::string& wanted) {
  const auto number = number_of(look(port, {"containerPort"}));
  return text_of(look(port, {"name"})) == wanted || (number && std::to_string(*number) == wanted);
}

bool has_port(const Json& container, const std::string& wanted) {
  const std::vector<std::size_t> ports = tcp_ports(container);
  return std::any_of(ports.begin(), ports.end(),
                     [&](std::size_t i) { return is_meant((*look(container, {"ports"}))[i], wanted); });
}

AppPort at_container(const Pod& pod, std::size_t i) {
  AppPort app;
  app.container = &(*look(pod.spec, {"containers"}))[i];
  app.container_at = pod.spec_at / "containers" / i;
  app.container_name = text_of(look(*app.container, {"name"}));
  return app;
}

Result<AppPort, Remark> by_name(const Pod& pod, const Settings& settings) {
  const Json& containers = *look(pod.spec, {"containers"});
  for (std::size_t i = 0; i < containers.size(); ++i) {
    if (text_of(look(containers[i], {"name"})) == settings.app_container) return at_container(pod, i);
  }
  return remark(code::no_container, "no container is named " + settings.app_container,
                "correct holdfast.dev/app-container", pod.metadata_at / "annotations" / "holdfast.dev/app-container");
}

Result<AppPort, Remark> choose_container(const Pod& pod, const Settings& settings) {
  if (!settings.app_container.empty()) return by_name(pod, settings);
  const Json& containers = *look(pod.spec, {"containers"});
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const bool fits =
        settings.app_port.empty() ? !tcp_ports(containers[i]).empty() : has_port(containers[i], settings.app_port);
    if (fits && !is_mesh_proxy(text_of(look(containers[i], {"name"})))) candidates.push_back(i);
  }
  if (candidates.empty() && containers.size() == 1) candidates.push_back(0);
  if (candidates.size() == 1) return at_container(pod, candidates.front());
  if (candidates.empty()) {
    const std::string which = settings.app_port.empty() ? "a port" : "the port " + shown(settings.app_port);
    return remark(code::no_port, "no container declares " + which,
                  "declare the app's port under ports: of its container", pod.spec_at / "containers");
  }
  return remark(code::several_containers, "several containers declare ports",
                "say which one is the app with the annotation holdfast.dev/app-container",
                pod.spec_at / "containers" / candidates[1]);
}

void take_port(AppPort& app, std::size_t index) {
  const Json& port = (*look(*app.container, {"ports"}))[index];
  app.index = index;
  app.number = number_of(look(port, {"containerPort"})).value_or(0);
  app.name = text_of(look(port, {"name"}));
}

}  // namespace

Result<AppPort, Remark> choose_app_port(const Pod& pod, const Settings& settings) {
  auto chosen = choose_container(pod, settings);
  if (!chosen) return chosen;
  AppPort app = std::move(chosen).value();
  const std::vector<std::size_t> ports = tcp_ports(*app.container);
  if (!settings.app_port.empty()) {
    for (const std::size_t i : ports) {
      if (!is_meant((*look(*app.container, {"ports"}))[i], settings.app_port)) continue;
      take_port(app, i);
      return app;
    }
    const auto number = parse_count(settings.app_port);
    if (number && settings.capture == Capture::same_port) {
      app.number = static_cast<long>(*number);
      return app;
    }
    return remark(code::no_port,
                  "container " + app.container_name + " declares no TCP port " + shown(settings.app_port),
                  "declare it under ports: with a name", app.container_at);
  }
  if (ports.empty()) {
    return remark(code::no_port, "container " + app.container_name + " declares no TCP port",
                  "declare the app's port under ports: with a name", app.container_at);
  }
  if (ports.size() > 1) {
    return remark(code::several_ports, "container " + app.container_name + " declares several TCP ports",
                  "say which one to capture with the annotation holdfast.dev/app-port",
                  app.container_at / "ports" / ports[1]);
  }
  take_port(app, ports.front());
  return app;
}

std::optional<long> port_number(const Json& container, const Json* port) {
  if (const auto number = number_of(port)) return number;
  const std::string_view name = text_of(port);
  const Json* ports = look(container, {"ports"});
  if (name.empty() || ports == nullptr || !ports->is_array()) return std::nullopt;
  for (const Json& one : *ports) {
    if (text_of(look(one, {"name"})) == name) return number_of(look(one, {"containerPort"}));
  }
  return std::nullopt;
}

}  // namespace holdfast::kubernetes
