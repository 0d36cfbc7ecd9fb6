// cpus: how many workers the machine grants us.
#pragma once

#include <cstdint>

namespace holdfast::proxy {

// min(cgroup quota rounded up, affinity mask); without a quota at most 2, since a sidecar is a guest. At least 1.
std::uint32_t granted_cpus();

}  // namespace holdfast::proxy
