#include "kubernetes/sidecar.h"

#include <algorithm>

namespace holdfast::kubernetes {
namespace {

// Kubernetes expands $(NAME) in arguments; `$$` stands for one dollar sign.
std::string without_expansion(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '$' ? std::string("$$") : std::string(1, c);
  return out;
}

Json arguments(const SidecarPlan& plan, const AppPort& app, const Settings& settings) {
  constexpr long default_grace_seconds = 30;  // of `holdfast run`; less would break the rule announce + finish + 2 s
  const bool same_port = settings.capture == Capture::same_port;
  // The app has loopback, the proxy the address that others reach: with the app on all addresses, bind fails.
  Json args =
      Json::array({"run", "--service=" + plan.service,
                   "--listen=" + std::string(same_port ? "[$(POD_IP)]" : "") + ":" + std::to_string(plan.listen_port),
                   "--upstream=127.0.0.1:" + std::to_string(app.number),
                   "--telemetry=:" + std::to_string(telemetry_port), "--admin=127.0.0.1:" + std::to_string(admin_port),
                   "--workers=1", "--trusted-hops=" + settings.trusted_hops, "--log-format=json"});
  if (plan.grace_seconds > default_grace_seconds) {
    constexpr long longest = 3600;  // that `holdfast run` takes; no drain is longer
    args.push_back("--termination-grace=" + std::to_string(std::min(plan.grace_seconds, longest)) + "s");
  }
  if (!settings.log_level.empty()) args.push_back("--log-level=" + settings.log_level);
  if (!settings.policy.empty()) args.push_back("--policy=/etc/holdfast/policy.yaml");
  if (!plan.app_probes.empty()) args.push_back("--app-probes=" + without_expansion(dump(plan.app_probes)));
  return args;
}

Json environment(const SidecarPlan& plan, const Settings& settings) {
  Json env = Json::array();
  if (settings.capture == Capture::same_port) {
    env.push_back({{"name", "POD_IP"}, {"valueFrom", {{"fieldRef", {{"fieldPath", "status.podIP"}}}}}});
  }
  if (!plan.drain_token.empty()) env.push_back({{"name", "HOLDFAST_DRAIN_TOKEN"}, {"value", plan.drain_token}});
  return env;
}

Json probe(std::string_view path, long period_seconds, long failures) {
  return {{"httpGet", {{"path", path}, {"port", telemetry_port}}},
          {"periodSeconds", period_seconds},
          {"failureThreshold", failures}};
}

// The profile *restricted* of Pod Security asks for each of these.
Json security_context() {
  constexpr long nonroot = 65532;
  return {{"allowPrivilegeEscalation", false},
          {"capabilities", {{"drop", Json::array({"ALL"})}}},
          {"privileged", false},
          {"readOnlyRootFilesystem", true},
          {"runAsGroup", nonroot},
          {"runAsNonRoot", true},
          {"runAsUser", nonroot},
          {"seccompProfile", {{"type", "RuntimeDefault"}}}};
}

}  // namespace

Json sidecar_container(const SidecarPlan& plan, const AppPort& app, const Settings& settings,
                       const InjectOptions& options) {
  Json container{{"name", sidecar_name}, {"image", options.image}, {"imagePullPolicy", "IfNotPresent"}};
  if (plan.native) container["restartPolicy"] = "Always";
  container["args"] = arguments(plan, app, settings);
  if (Json env = environment(plan, settings); !env.empty()) container["env"] = std::move(env);
  container["ports"] =
      Json::array({Json{{"name", telemetry_port_name}, {"containerPort", telemetry_port}, {"protocol", "TCP"}}});
  // An old server refuses a native sidecar because of its probes, instead of letting the pod hang.
  container["startupProbe"] = probe("/livez", 1, 30);
  container["livenessProbe"] = probe("/livez", 10, 3);
  container["readinessProbe"] = probe("/readyz", 2, 1);
  container["resources"] = {{"requests", {{"cpu", settings.cpu_request}, {"memory", settings.memory_request}}},
                            {"limits", {{"memory", settings.memory_limit}}}};
  container["securityContext"] = security_context();
  container["terminationMessagePolicy"] = "FallbackToLogsOnError";
  if (!settings.policy.empty()) {
    // Never a subPath: the kubelet does not update those.
    container["volumeMounts"] =
        Json::array({Json{{"name", policy_volume}, {"mountPath", "/etc/holdfast"}, {"readOnly", true}}});
  }
  return container;
}

Json policy_volume_of(const Settings& settings) {
  return {{"name", policy_volume}, {"configMap", {{"name", settings.policy}}}};
}

}  // namespace holdfast::kubernetes
