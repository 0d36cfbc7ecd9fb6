// The parts of decide(): what a pod has, which of its ports is captured, what stands against it.
#pragma once

#include "core/result.h"
#include "kubernetes/decide.h"

namespace holdfast::kubernetes {

inline constexpr std::string_view sidecar_name = "holdfast";
inline constexpr std::string_view policy_volume = "holdfast-policy";
inline constexpr std::string_view app_port_name = "app-http";
inline constexpr std::string_view telemetry_port_name = "hf-telemetry";  // at most 15 characters
inline constexpr long telemetry_port = 9902;
inline constexpr long admin_port = 9901;

Remark remark(std::string_view code, std::string sentence, std::string fix, Path at);

// The pod with its place, as the parts of decide() hand it around.
struct Pod {
  const Json& object;
  const PodContext& context;
  const Json& spec;
  Path spec_at;
  Path metadata_at;
};

// The container of the app and the port to capture, with their places.
struct AppPort {
  const Json* container = nullptr;
  Path container_at;
  std::string container_name;
  std::optional<std::size_t> index;  // in the container's ports; nullopt: it is not declared there
  long number = 0;
  std::string name;
};
Result<AppPort, Remark> choose_app_port(const Pod& pod, const Settings& settings);

// The number of the port that a probe or a Service means: a number as it is, a name as the container declares it.
std::optional<long> port_number(const Json& container, const Json* port);

// Every container of the pod, the initial ones too.
struct Placed {
  const Json* value;
  Path at;
};
std::vector<Placed> containers_of(const Pod& pod);
// The numbers that they declare, ascending.
std::vector<long> declared_ports(const Pod& pod);

// What makes the pod unfit for a sidecar although its port would do: nothing, or the reason.
std::optional<Remark> wrong_shape(const Pod& pod);
std::optional<Remark> name_taken(const Pod& pod, const AppPort& app, const Settings& settings);
std::optional<Remark> foreign_protocol(const AppPort& app);

}  // namespace holdfast::kubernetes
