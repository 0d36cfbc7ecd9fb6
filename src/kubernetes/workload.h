// The name of the workload that a pod belongs to, as people know it: of `users-5d8f7c9b4-` it is `users`.
#pragma once

#include <string>

#include "kubernetes/json.h"

namespace holdfast::kubernetes {

// The pod's name, or what its generateName says, less the hash that a Deployment put there.
std::string workload_of(const Json& pod);

}  // namespace holdfast::kubernetes
