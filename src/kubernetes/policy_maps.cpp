#include "kubernetes/policy_maps.h"

#include "kubernetes/pod.h"

namespace holdfast::kubernetes {

void PolicyMaps::add(const Document& document, const Object& config_map, std::string namespace_name) {
  entries_.push_back({&document, &config_map, std::move(namespace_name)});
}

PolicyMaps::Found PolicyMaps::look_up(const PolicyUse& use, const std::string& namespace_name, const Path& pod_at) {
  for (const Entry& entry : entries_) {
    if (entry.object->name != use.config_map || entry.namespace_name != namespace_name) continue;
    const std::string what = namespace_name + "/" + use.config_map + "/" + std::to_string(use.memory_bytes);
    if (!told_.insert(what).second) return {};
    return {entry.document, entry.object, faults_of(entry, use)};
  }
  Remark absent = remark(code::policy,
                         "no ConfigMap " + use.config_map + " in this stream, and without one in namespace " +
                             namespace_name + " the pod does not start",
                         "put it into the same stream, or see that it is there",
                         pod_at / "metadata" / "annotations" / "holdfast.dev/policy");
  return {nullptr, nullptr, {{std::move(absent), true}}};
}

std::vector<PolicyMaps::Told> PolicyMaps::faults_of(const Entry& entry, const PolicyUse& use) const {
  const Json* object = find(entry.document->value, entry.object->at);
  const Path data = entry.object->at / "data";
  const Json* text = object == nullptr ? nullptr : look(*object, {"data", "policy.yaml"});
  if (text == nullptr || !text->is_string()) {
    return {{remark(code::policy, "it has no key policy.yaml, and pods name it as their policy",
                    "put the policy under data: policy.yaml", data),
             false}};
  }
  std::vector<Told> found;
  if (!check_) return found;
  for (const config::Fault& fault : check_(std::string(text_of(text)), use.memory_bytes)) {
    std::string sentence = config::to_text(fault.place) + ": " + fault.sentence;
    if (!fault.did_you_mean.empty()) sentence += "; did you mean " + fault.did_you_mean;
    found.push_back({remark(fault.code, std::move(sentence), fault.fix, data / "policy.yaml"), fault.warning});
  }
  return found;
}

}  // namespace holdfast::kubernetes
