// policy_maps: the ConfigMaps that injected pods name as their policy, looked up in the same stream.
//
// A pod whose ConfigMap is not there waits, and one whose policy is faulty does not start; both are told here first.
#pragma once

#include <functional>
#include <set>

#include "kubernetes/decide.h"
#include "kubernetes/manifest.h"

namespace holdfast::kubernetes {

// The faults of a policy file's text, for a sidecar that may use so many bytes. Places are those in the text.
using PolicyCheck = std::function<std::vector<config::Fault>(const std::string& text, std::uint64_t memory_bytes)>;

class PolicyMaps {
 public:
  explicit PolicyMaps(const PolicyCheck& check) : check_(check) {}

  // All of the stream first.
  void add(const Document& document, const Object& config_map, std::string namespace_name);

  struct Told {
    Remark remark;
    bool warning = false;
  };
  struct Found {
    const Document* document = nullptr;  // of the ConfigMap; none: the remarks are about the pod
    const Object* config_map = nullptr;
    std::vector<Told> remarks;
  };
  // `pod_at` is the path of the pod in its document. The same fault is told once.
  Found look_up(const PolicyUse& use, const std::string& namespace_name, const Path& pod_at);

 private:
  struct Entry {
    const Document* document;
    const Object* object;
    std::string namespace_name;
  };
  std::vector<Told> faults_of(const Entry& entry, const PolicyUse& use) const;

  const PolicyCheck& check_;
  std::vector<Entry> entries_;
  std::set<std::string> told_;
};

}  // namespace holdfast::kubernetes
