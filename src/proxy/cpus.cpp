#include "proxy/cpus.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "core/units.h"

namespace holdfast::proxy {
namespace {

constexpr std::uint32_t without_quota = 2;

// CPUs of a quota per period, rounded up; 0 when there is no quota.
std::uint32_t cpus_of(const std::string& quota, const std::string& period) {
  const auto q = parse_count(quota);
  const auto p = parse_count(period);
  if (!q || !p || *p == 0 || *q == 0) return 0;
  return static_cast<std::uint32_t>((*q + *p - 1) / *p);
}

std::uint32_t quota() {
  std::string quota_us;
  std::string period_us;
  if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2 >> quota_us >> period_us) return cpus_of(quota_us, period_us);
  std::ifstream v1_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  std::ifstream v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (v1_quota >> quota_us && v1_period >> period_us) return cpus_of(quota_us, period_us);
  return 0;
}

}  // namespace

std::uint32_t granted_cpus() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  const std::uint32_t allowed =
      ::sched_getaffinity(0, sizeof mask, &mask) == 0 ? static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&mask))) : 1;
  const std::uint32_t bought = quota();
  return std::min(allowed, bought == 0 ? without_quota : bought);
}

}  // namespace holdfast::proxy
