#include "kubernetes/services.h"

#include <algorithm>

#include "kubernetes/pod.h"
#include "kubernetes/status.h"

namespace holdfast::kubernetes {
namespace {

bool selects(const Json& selector, const Json& labels) {
  for (const auto& one : selector.items()) {
    const auto label = labels.is_object() ? labels.find(one.key()) : labels.end();
    if (label == labels.end() || *label != one.value()) return false;
  }
  return true;
}

bool is_foreign(std::string_view protocol) {
  constexpr std::string_view standard = "kubernetes.io/";
  if (protocol.starts_with(standard)) protocol.remove_prefix(standard.size());
  return protocol.starts_with("grpc") || protocol.starts_with("h2c") || protocol.starts_with("https") ||
         protocol.starts_with("http2") || protocol.starts_with("tls") || protocol == "wss";
}

class ServiceReader {
 public:
  ServiceReader(const Json& document, const Object& service, std::vector<Selected*> pods)
      : service_(service), pods_(std::move(pods)), edits_(document) {}

  void read_ports(const Json& spec) {
    const Json* ports = look(spec, {"ports"});
    if (ports == nullptr || !ports->is_array()) return;
    for (std::size_t i = 0; i < ports->size() && !decision_.denial; ++i) {
      const Json& port = (*ports)[i];
      if (!port.is_object()) continue;
      const std::string_view protocol = text_of(look(port, {"protocol"}));
      if (protocol.empty() || protocol == "TCP") read_port(port, service_.at / "spec" / "ports" / i);
    }
    const bool headless = text_of(look(spec, {"clusterIP"})) == "None";
    if (headless && moves_a_port()) {
      decision_.warnings.push_back(
          remark(code::service, "a headless Service: who connects to the app's own port of a pod goes around Holdfast",
                 "set holdfast.dev/capture to same-port on the pod", service_.at / "spec" / "clusterIP"));
    }
  }

  ServiceDecision finish(const std::string& version) {
    if (!edits_.all().empty()) {
      const Path annotations = service_.at / "metadata" / "annotations";
      Json members{{std::string(status_key), ""}};
      Edits all = edits_;
      all.add_members(annotations, members);
      members[std::string(status_key)] = status_text({version, "service", {}, relative_undo(all.all(), service_.at)});
      edits_.add_members(annotations, members);
    }
    decision_.edits = edits_.all();
    return std::move(decision_);
  }

 private:
  bool moves_a_port() const {
    return std::any_of(pods_.begin(), pods_.end(), [](const Selected* pod) {
      return pod->injected && pod->captured.proxy_port != pod->captured.port;
    });
  }

  void read_port(const Json& port, const Path& at) {
    const Json* target = look(port, {"targetPort"});
    const auto number = number_of(target == nullptr ? look(port, {"port"}) : target);
    const std::string_view name = text_of(target);
    std::optional<long> moved_to;
    bool stays = false;  // for a pod that is selected too
    for (const Selected* pod : pods_) {
      const Captured& captured = pod->captured;
      const bool meant = pod->injected && (number ? *number == captured.port : name == captured.name);
      if (meant && is_foreign(text_of(look(port, {"appProtocol"})))) return deny_protocol(port, at);
      const bool moves = meant && number && captured.proxy_port != captured.port;
      if (!moves || (moved_to && *moved_to != captured.proxy_port)) stays = true;
      if (moves) moved_to = captured.proxy_port;
    }
    if (!moved_to) return;
    if (stays) return deny_mixture(number.value_or(0), at);
    if (target == nullptr) {
      edits_.add_members(at, {{"targetPort", *moved_to}});
    } else {
      edits_.replace(at / "targetPort", *moved_to);
    }
  }

  void deny_protocol(const Json& port, const Path& at) {
    decision_.denial =
        remark(code::protocol,
               "appProtocol " + std::string(text_of(look(port, {"appProtocol"}))) +
                   " on a captured port, and Holdfast speaks HTTP/1.1 without TLS",
               "capture another port with holdfast.dev/app-port, or opt the pod out", at / "appProtocol");
  }

  void deny_mixture(long number, const Path& at) {
    decision_.denial = remark(code::service,
                              "targetPort " + std::to_string(number) +
                                  " has to change for some of the pods that this Service selects and not for others",
                              "name the port in all of them and use the name as targetPort", at);
  }

  const Object& service_;
  std::vector<Selected*> pods_;
  Edits edits_;
  ServiceDecision decision_;
};

}  // namespace

ServiceDecision decide_service(const Json& document, const Object& service, std::string_view namespace_name,
                               std::vector<Selected>& pods, const std::string& version) {
  const Json* object = find(document, service.at);
  const Json* spec = object == nullptr ? nullptr : look(*object, {"spec"});
  const Json* selector = spec == nullptr ? nullptr : look(*spec, {"selector"});
  if (selector == nullptr || !selector->is_object() || selector->empty()) return {};
  std::vector<Selected*> selected;
  for (Selected& pod : pods) {
    if (pod.namespace_name != namespace_name || !selects(*selector, pod.labels)) continue;
    pod.is_seen = true;
    selected.push_back(&pod);
  }
  if (selected.empty() || look(*object, {"metadata", "annotations", status_key}) != nullptr) return {};
  ServiceReader reader(document, service, std::move(selected));
  reader.read_ports(*spec);
  return reader.finish(version);
}

}  // namespace holdfast::kubernetes
