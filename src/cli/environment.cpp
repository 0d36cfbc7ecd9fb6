#include "cli/environment.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <string>

#include "core/fd.h"

namespace holdfast::cli {
namespace {

// The first line of a small kernel file.
std::optional<std::string> first_line(const char* path) {
  const Fd fd(::open(path, O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  std::array<char, 64> buffer{};
  const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
  if (n <= 0) return std::nullopt;
  const std::string text(buffer.data(), static_cast<std::size_t>(n));
  return text.substr(0, text.find('\n'));
}

// Where a version of cgroups keeps its limits, and how this process's line in /proc/self/cgroup begins behind the
// number.
struct Hierarchy {
  const char* line;
  const char* mount;
  const char* file;
};
constexpr std::array hierarchies{Hierarchy{"::", "/sys/fs/cgroup", "/memory.max"},
                                 Hierarchy{":memory:", "/sys/fs/cgroup/memory", "/memory.limit_in_bytes"}};

// The path of this process in a hierarchy; empty where it is the root, or where there is none.
std::string own_path(const Hierarchy& hierarchy) {
  std::ifstream lines("/proc/self/cgroup");
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(':');
    const std::string_view rest = at == std::string::npos ? std::string_view() : std::string_view(line).substr(at);
    if (!rest.starts_with(hierarchy.line)) continue;
    std::string path(rest.substr(std::string_view(hierarchy.line).size()));
    return path == "/" ? "" : path;
  }
  return {};
}

// The least limit between our cgroup and the root: the kernel enforces each. A container that sees its own cgroup as
// the root has but that one; a path that is not mounted here is passed over.
void find_memory_limit(const Hierarchy& hierarchy, config::Environment& environment) {
  constexpr std::uint64_t no_limit = std::uint64_t{1} << 60U;  // v1 writes a huge number for none, v2 the word max
  for (std::string path = own_path(hierarchy);; path.resize(path.rfind('/'))) {
    const std::string folder = hierarchy.mount + path;
    const auto line = first_line((folder + hierarchy.file).c_str());
    const auto bytes = line ? parse_count(*line) : std::nullopt;
    if (bytes && *bytes < no_limit && (!environment.memory_limit || *bytes < environment.memory_limit->bytes)) {
      environment.memory_limit = ByteCount{*bytes};
      environment.memory_cgroup = folder;
    }
    if (path.find('/') == std::string::npos) return;
  }
}

}  // namespace

config::Environment this_machine() {
  config::Environment environment;
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) == 0) environment.descriptor_limit = descriptors.rlim_max;
  for (const Hierarchy& hierarchy : hierarchies) find_memory_limit(hierarchy, environment);
  environment.today = std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(wall_now()));
  return environment;
}

}  // namespace holdfast::cli
