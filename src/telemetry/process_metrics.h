// process_metrics: what the kernel says about this process, read from /proc/self when asked.
#pragma once

#include <cstdint>
#include <optional>

namespace holdfast::telemetry {

// Members that could not be read are empty, and the metric is left out.
struct ProcessNumbers {
  std::optional<double> cpu_seconds;
  std::optional<std::uint64_t> resident_bytes;
  std::optional<std::uint64_t> virtual_bytes;
  std::optional<std::uint64_t> threads;
  std::optional<std::uint64_t> open_fds;
  std::optional<std::uint64_t> max_fds;
};

ProcessNumbers read_process_numbers();

}  // namespace holdfast::telemetry
