// The container that an injection adds, and the probes of the app that it performs in its place.
#pragma once

#include "kubernetes/pod.h"

namespace holdfast::kubernetes {

// Everything the sidecar is told, decided already.
struct SidecarPlan {
  bool native = true;
  long listen_port = 0;
  std::string service;
  std::string drain_token;  // empty: no hook
  long grace_seconds = 30;
  Json app_probes = Json::object();  // `api/readiness` to the original handler, its port as a number
};
Json sidecar_container(const SidecarPlan& plan, const AppPort& app, const Settings& settings,
                       const InjectOptions& options);
Json policy_volume_of(const Settings& settings);

// Sends the app's HTTP and TCP probes of the captured port to the telemetry listener; returns the originals.
Json rewrite_probes(const Pod& pod, const AppPort& app, Edits& edits, std::vector<Remark>& warnings);

}  // namespace holdfast::kubernetes
