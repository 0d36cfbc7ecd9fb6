#include "kubernetes/workload.h"

namespace holdfast::kubernetes {

std::string workload_of(const Json& pod) {
  std::string_view name = text_of(look(pod, {"metadata", "name"}));
  if (name.empty()) name = text_of(look(pod, {"metadata", "generateName"}));
  while (name.ends_with('-')) name.remove_suffix(1);
  const std::string_view hash = text_of(look(pod, {"metadata", "labels", "pod-template-hash"}));
  const bool has_hash = !hash.empty() && name.size() > hash.size() + 1 && name.ends_with(hash) &&
                        name[name.size() - hash.size() - 1] == '-';
  if (has_hash) name.remove_suffix(hash.size() + 1);
  return std::string(name);
}

}  // namespace holdfast::kubernetes
