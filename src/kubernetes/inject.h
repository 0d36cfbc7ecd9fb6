// inject() and uninject() of manifests: texts in, texts out. What `holdfast inject` does, without files and flags.
//
// Either all is well and every text comes back, or there are errors and none does. inject() proves before it answers
// that uninject() gives its input back byte for byte.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kubernetes/policy_maps.h"

namespace holdfast::kubernetes {

struct Source {
  std::string name;  // of the file, for messages
  std::string text;
};

// Flags of the command line, as text; what is empty keeps its default.
struct InjectFlags {
  std::string image;
  std::string version;
  std::string drain_token;
  std::string drain_key;
  std::string policy;          // the ConfigMap of pods without the annotation
  std::string namespace_name;  // of objects without one
  std::string native;          // auto, true, false
  std::string kube_version;    // 1.31
  bool labelled_only = false;
  PolicyCheck check_policy;  // of the ConfigMaps in the stream; may be empty
};

struct Outcome {
  std::vector<std::string> texts;     // one for each source; empty when there are errors
  std::vector<config::Fault> faults;  // errors and warnings
  std::size_t injected = 0;           // pods (uninject: pods and Services taken back)
  bool has_errors() const;
};

// A flag that is not accepted: its sentence.
std::optional<std::string> wrong_flag(const InjectFlags& flags);

Outcome inject(std::vector<Source> sources, const InjectFlags& flags);
Outcome uninject(std::vector<Source> sources);

}  // namespace holdfast::kubernetes
