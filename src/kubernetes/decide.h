// decide(): the one function that says what becomes of a pod, for the command line and for the webhook.
//
// Pure: the pod, where it comes from and the options in; edits, a reason for none, or a denial out. It knows neither
// YAML nor JSON text. The same input gives the same output, the drain token included.
#pragma once

#include <functional>

#include "kubernetes/edit.h"
#include "kubernetes/settings.h"

namespace holdfast::kubernetes {

struct InjectOptions {
  std::string image = "localhost/holdfast:dev";
  std::string version;      // of this program, for the status
  std::string drain_token;  // empty: made of drain_key
  std::string drain_key;    // the injector's secret; the token is its HMAC of namespace, workload and container
  int kube_minor = 31;      // of Kubernetes 1.x: what `native: auto` goes by
  Settings defaults;
  bool unnamed_ports = false;  // accept a captured port without a name; the caller then sees to its Services
};

struct PodContext {
  std::string kind = "Pod";    // of the workload: Pod, Deployment, Job, …
  std::string namespace_name;  // "" stands for default
  std::string workload;        // its name, or what its generateName says
  Path at;                     // of the pod in its object: `/spec/template` in a Deployment
  // The quote around the text at a path of the object, or NUL; only YAML knows. May be empty.
  std::function<char(const Path&)> quote_at;
};

// The port that the proxy stands in front of.
struct Captured {
  std::string container;
  long port = 0;
  std::string name;     // "" when it has none
  long proxy_port = 0;  // equal to `port` with capture same-port
  friend bool operator==(const Captured&, const Captured&) = default;
};

// The policy of an injected pod.
struct PolicyUse {
  std::string config_map;          // empty: the profile alone
  std::uint64_t memory_bytes = 0;  // the sidecar's limit
};

struct Decision {
  enum class Outcome : std::uint8_t {
    inject,
    skip,     // `reasons` says why, and is empty when nothing need be said
    already,  // injected before: nothing to do, nothing to say
    deny,     // `reasons` has one remark
  };
  Outcome outcome = Outcome::skip;
  std::vector<Edit> edits;  // paths from the root of the object
  std::vector<Remark> reasons;
  std::vector<Remark> warnings;
  Captured captured;  // of inject and already
  PolicyUse policy;   // of inject
};

// `object` is the whole object, of which the pod at `context.at` has `metadata` and `spec`.
Decision decide(const Json& object, const PodContext& context, const InjectOptions& options);

}  // namespace holdfast::kubernetes
