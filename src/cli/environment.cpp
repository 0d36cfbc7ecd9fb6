#include "cli/environment.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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

std::optional<ByteCount> memory_limit() {
  constexpr std::uint64_t no_limit = std::uint64_t{1} << 60U;  // v1 writes a huge number for none, v2 the word max
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    const auto line = first_line(path);
    const auto bytes = line ? parse_count(*line) : std::nullopt;
    if (bytes && *bytes < no_limit) return ByteCount{*bytes};
  }
  return std::nullopt;
}

}  // namespace

config::Environment this_machine() {
  config::Environment environment;
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) == 0) environment.descriptor_limit = descriptors.rlim_max;
  environment.memory_limit = memory_limit();
  environment.today = std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(wall_now()));
  return environment;
}

}  // namespace holdfast::cli
