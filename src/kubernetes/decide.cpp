#include "kubernetes/decide.h"

#include <algorithm>

#include "core/bytes.h"
#include "kubernetes/drain_token.h"
#include "kubernetes/pod.h"
#include "kubernetes/sidecar.h"
#include "kubernetes/status.h"

namespace holdfast::kubernetes {
namespace {

using Outcome = Decision::Outcome;

constexpr int first_native_minor = 29;
constexpr long default_grace_seconds = 30;  // of Kubernetes
constexpr long drain_seconds = 27;          // announce + finish + 2 s of profile standard@1
constexpr std::string_view default_container = "kubectl.kubernetes.io/default-container";

Decision denied(Remark why) {
  Decision decision;
  decision.outcome = Outcome::deny;
  decision.reasons.push_back(std::move(why));
  return decision;
}

Decision skipped(Remark why) {
  Decision decision = denied(std::move(why));
  decision.outcome = Outcome::skip;
  return decision;
}

bool belongs_to_job(const Pod& pod) {
  const std::string_view kind = pod.context.kind;
  if (kind == "Job" || kind == "CronJob") return true;
  const Json* metadata = find(pod.object, pod.metadata_at);
  const Json* owners = metadata == nullptr ? nullptr : look(*metadata, {"ownerReferences"});
  if (owners != nullptr && owners->is_array()) {
    for (const Json& one : *owners) {
      if (text_of(look(one, {"kind"})) == "Job") return true;
    }
  }
  const std::string_view restart = text_of(look(pod.spec, {"restartPolicy"}));
  return !restart.empty() && restart != "Always";
}

// Pods that a sidecar like this one has no place in; they are left alone, and a person is told.
std::optional<Remark> out_of_reach(const Pod& pod) {
  if (const Json* host = look(pod.spec, {"hostNetwork"}); host != nullptr && *host == true) {
    return remark(code::host_network, "a pod in the network of its node is not injected",
                  "remove hostNetwork, or protect it elsewhere", pod.spec_at / "hostNetwork");
  }
  for (const auto& [member, name] : {std::pair{"os", "name"}, {"nodeSelector", "kubernetes.io/os"}}) {
    if (text_of(look(pod.spec, {member, name})) != "windows") continue;
    return remark(code::windows, "a pod for Windows is not injected", "", pod.spec_at / member);
  }
  return std::nullopt;
}

Result<bool, Remark> is_native(const Pod& pod, const Settings& settings, const InjectOptions& options) {
  const bool possible = options.kube_minor >= first_native_minor;
  switch (settings.native) {
    case Native::automatic: return possible;
    case Native::no: return false;
    case Native::yes: break;
  }
  if (possible) return true;
  return remark(code::native_sidecar, "native sidecars need Kubernetes 1.29 or newer",
                "remove native, or correct --kube-version", pod.metadata_at);
}

// One injection as it is put together.
class Injection {
 public:
  Injection(const Pod& pod, const AppPort& app, const Settings& settings, const InjectOptions& options, bool native)
      : pod_(pod), app_(app), settings_(settings), options_(options), edits_(pod.object) {
    plan_.native = native;
  }

  std::optional<Remark> choose_proxy_port() {
    decision_.captured = {app_.container_name, app_.number, app_.name, app_.number};
    plan_.listen_port = app_.number;
    if (settings_.capture == Capture::same_port) return std::nullopt;
    constexpr long first = 8081;
    constexpr long last = 8199;
    const std::vector<long> declared = declared_ports(pod_);
    const auto is_taken = [&declared](long number) {
      return std::binary_search(declared.begin(), declared.end(), number);
    };
    long port = settings_.proxy_port.value_or(first);
    while (!settings_.proxy_port && port < last && is_taken(port)) ++port;
    if (is_taken(port)) {
      return remark(code::port_taken, "port " + std::to_string(port) + " is declared already, and the proxy needs it",
                    "choose another with the annotation holdfast.dev/proxy-port", app_.container_at / "ports");
    }
    plan_.listen_port = decision_.captured.proxy_port = port;
    return std::nullopt;
  }

  Decision finish() {
    plan_.service = service_name();
    plan_.drain_token = options_.drain_token.empty()
                            ? drain_token(options_.drain_key, namespace_name(), plan_.service, app_.container_name)
                            : options_.drain_token;
    warn_about_neighbours();
    warn_about_privileged_port();
    take_over_port();
    if (settings_.rewrite_probes) plan_.app_probes = rewrite_probes(pod_, app_, edits_, decision_.warnings);
    add_hook();
    check_grace();
    decision_.policy = {settings_.policy, memory_limit_bytes(settings_)};
    if (!settings_.policy.empty()) edits_.append(pod_.spec_at / "volumes", policy_volume_of(settings_));
    const Json container = sidecar_container(plan_, app_, settings_, options_);
    if (plan_.native) {
      edits_.prepend(pod_.spec_at / "initContainers", container);
    } else {
      edits_.append(pod_.spec_at / "containers", container);
    }
    add_annotations();
    decision_.outcome = Outcome::inject;
    decision_.edits = edits_.all();
    return std::move(decision_);
  }

 private:
  std::string namespace_name() const {
    return pod_.context.namespace_name.empty() ? "default" : pod_.context.namespace_name;
  }

  // What `holdfast run --service` accepts, as every name of Kubernetes is but for its length.
  std::string service_name() const {
    constexpr std::size_t longest = 63;
    std::string name;
    for (const char c : pod_.context.workload) {
      if (is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.') name += c;
    }
    if (name.empty()) return app_.container_name;
    name.resize(std::min(name.size(), longest));
    return name;
  }

  void warn(std::string_view code, std::string sentence, std::string fix, Path at) {
    decision_.warnings.push_back(remark(code, std::move(sentence), std::move(fix), std::move(at)));
  }

  void warn_about_neighbours() {
    for (const Placed& one : containers_of(pod_)) {
      const std::string_view name = text_of(look(*one.value, {"name"}));
      if (name != "istio-proxy" && name != "linkerd-proxy") continue;
      warn(code::mesh, std::string(name) + " takes connections before Holdfast does",
           "count it with holdfast.dev/trusted-hops where it sets X-Forwarded-For", one.at);
    }
  }

  // The sidecar has no capabilities; whether a runtime asks for one here is its own affair.
  void warn_about_privileged_port() {
    constexpr long first_unprivileged = 1024;
    if (settings_.capture != Capture::same_port || app_.number >= first_unprivileged) return;
    warn(code::privileged_port,
         "port " + std::to_string(app_.number) +
             " is below 1024, and not every container runtime lets a process without privileges listen there",
         "use holdfast.dev/capture: named-port, or a higher port", app_.container_at / "ports");
  }

  void take_over_port() {
    if (settings_.capture == Capture::same_port || !app_.index) return;
    const Path ports = app_.container_at / "ports";
    edits_.replace(ports / *app_.index / "containerPort", plan_.listen_port);
    edits_.append(ports, {{"name", app_port_name}, {"containerPort", app_.number}, {"protocol", "TCP"}});
    if (app_.name.empty()) {
      warn(code::unnamed_port,
           "port " + std::to_string(app_.number) +
               " has no name, so a Service outside this stream that means it goes "
               "around Holdfast",
           "name the port and use the name as targetPort", ports / *app_.index);
    }
  }

  // The hook is the app's, so that the app outlives its requests.
  void add_hook() {
    const Json* lifecycle = look(*app_.container, {"lifecycle"});
    if (lifecycle != nullptr && look(*lifecycle, {"preStop"}) != nullptr) {
      plan_.drain_token.clear();
      warn(code::own_pre_stop,
           "the app has a preStop hook of its own, so Holdfast drains on SIGTERM only, when the app stops too",
           "remove it, and the app outlives its requests without one", app_.container_at / "lifecycle" / "preStop");
      return;
    }
    const Json hook{{"httpGet", {{"path", "/drain/" + plan_.drain_token}, {"port", telemetry_port}}}};
    edits_.add_members(app_.container_at / "lifecycle", {{"preStop", hook}});
  }

  void check_grace() {
    const long grace = number_of(look(pod_.spec, {"terminationGracePeriodSeconds"})).value_or(default_grace_seconds);
    plan_.grace_seconds = grace;
    if (grace >= drain_seconds) return;
    warn(code::grace,
         "terminationGracePeriodSeconds is " + std::to_string(grace) + ", and a drain by the default policy takes " +
             std::to_string(drain_seconds) + " s",
         "raise it, or lower drain.announce and drain.finish in the policy",
         pod_.spec_at / "terminationGracePeriodSeconds");
  }

  void add_annotations() {
    const Path annotations = pod_.metadata_at / "annotations";
    const Json* there = find(pod_.object, annotations);
    const bool names_default = there != nullptr && look(*there, {default_container}) != nullptr;
    // Two passes: the undo list in the status names the edit that adds the status.
    Json members = Json::object();
    if (!plan_.native && !names_default) members[std::string(default_container)] = app_.container_name;
    members[std::string(status_key)] = "";
    Edits all = edits_;
    all.add_members(annotations, members);
    const Status status{options_.version, plan_.native ? "native" : "container", decision_.captured,
                        relative_undo(all.all(), pod_.context.at)};
    members[std::string(status_key)] = status_text(status);
    edits_.add_members(annotations, members);
  }

  const Pod& pod_;
  const AppPort& app_;
  const Settings& settings_;
  const InjectOptions& options_;
  Edits edits_;
  SidecarPlan plan_;
  Decision decision_;
};

// What stands against capturing this port.
std::optional<Remark> unfit(const Pod& pod, const AppPort& app, const Settings& settings,
                            const InjectOptions& options) {
  if (auto why = foreign_protocol(app)) return why;
  if (auto why = name_taken(pod, app, settings)) return why;
  if (!app.index) return std::nullopt;
  const Path port = app.container_at / "ports" / *app.index;
  const bool named_port = settings.capture == Capture::named_port;
  if (named_port && look((*look(*app.container, {"ports"}))[*app.index], {"hostPort"}) != nullptr) {
    return remark(code::host_port, "a hostPort leads to this port, and it would go around Holdfast",
                  "remove hostPort, or set holdfast.dev/capture to same-port", port / "hostPort");
  }
  if (named_port && app.name.empty() && !options.unnamed_ports) {
    return remark(code::unnamed_port,
                  "port " + std::to_string(app.number) + " has no name, so Services cannot follow it",
                  "name the port and use the name as targetPort, or set holdfast.dev/capture to same-port", port);
  }
  return std::nullopt;
}

Decision decide_by(const Pod& pod, const Settings& settings, const InjectOptions& options) {
  if (auto why = wrong_shape(pod)) return denied(std::move(*why));
  const auto native = is_native(pod, settings, options);
  if (!native) return denied(native.error());
  if (!native.value() && belongs_to_job(pod)) {
    return skipped(remark(code::job,
                          "a pod that ends by itself is not injected without native sidecars: it never would",
                          "use Kubernetes 1.29 or newer with native sidecars", pod.spec_at));
  }
  const auto app = choose_app_port(pod, settings);
  if (!app) return denied(app.error());
  if (auto why = unfit(pod, app.value(), settings, options)) return denied(std::move(*why));
  Injection injection(pod, app.value(), settings, options, native.value());
  if (auto why = injection.choose_proxy_port()) return denied(std::move(*why));
  return injection.finish();
}

}  // namespace

Decision decide(const Json& object, const PodContext& context, const InjectOptions& options) {
  const Json* root = find(object, context.at);
  const Json* spec = root == nullptr ? nullptr : look(*root, {"spec"});
  if (spec == nullptr || !spec->is_object()) {
    return denied(remark(code::wrong_type, "a " + context.kind + " without the spec of its pod", "", context.at));
  }
  const Pod pod{object, context, *spec, context.at / "spec", context.at / "metadata"};
  const Json* given = look(*root, {"metadata"});
  const Json none = Json::object();
  const Json& metadata = given == nullptr ? none : *given;
  for (const std::string_view name : {"labels", "annotations"}) {
    const Json* members = look(metadata, {name});
    if (!metadata.is_object() || (members != nullptr && !members->is_object())) {
      return denied(remark(code::wrong_type, "the metadata of a pod is no mapping", "", pod.metadata_at));
    }
  }
  const auto opt_in = read_opt_in(metadata, pod.metadata_at);
  if (!opt_in) return denied(opt_in.error());
  if (look(metadata, {"annotations", status_key}) != nullptr) return already_injected(pod, metadata);
  if (opt_in.value() == OptIn::out) return {};
  auto settings = read_settings(metadata, pod.metadata_at, options.defaults);
  if (!settings) return denied(settings.error());
  if (auto why = out_of_reach(pod)) return skipped(std::move(*why));
  return decide_by(pod, settings.value(), options);
}

}  // namespace holdfast::kubernetes
