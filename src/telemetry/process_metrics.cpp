// process_metrics: /proc/self/stat has everything but the descriptors (proc(5)).
#include "telemetry/process_metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <memory>
#include <string_view>

#include "core/fd.h"

namespace holdfast::telemetry {
namespace {

// Field numbers of proc(5), less the three that are behind us after the command's name.
constexpr std::size_t utime = 14 - 3;
constexpr std::size_t stime = 15 - 3;
constexpr std::size_t num_threads = 20 - 3;
constexpr std::size_t vsize = 23 - 3;
constexpr std::size_t rss = 24 - 3;

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

std::optional<std::uint64_t> count_open_fds() {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir("/proc/self/fd"));
  if (!directory) return std::nullopt;
  std::uint64_t entries = 0;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own
  while (::readdir(directory.get()) != nullptr) ++entries;
  return entries > 3 ? entries - 3 : 0;  // `.`, `..` and the directory itself
}

std::optional<std::uint64_t> word_at(std::string_view line, std::size_t index) {
  for (; index > 0; --index) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    line.remove_prefix(space + 1);
  }
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(line.data(), line.data() + line.size(), number);
  return fault == std::errc{} ? std::optional(number) : std::nullopt;
}

void read_stat(ProcessNumbers& numbers) {
  std::array<char, 1024> text{};
  const Fd file(::open("/proc/self/stat", O_RDONLY | O_CLOEXEC));
  const auto size = ::read(file.get(), text.data(), text.size());
  if (size <= 0) return;
  std::string_view line(text.data(), static_cast<std::size_t>(size));
  const std::size_t name_end = line.rfind(')');  // the name itself may hold anything
  if (name_end == std::string_view::npos || name_end + 2 > line.size()) return;
  line.remove_prefix(name_end + 2);
  const auto user = word_at(line, utime);
  const auto system = word_at(line, stime);
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  if (user.has_value() && system.has_value()) numbers.cpu_seconds = static_cast<double>(*user + *system) / ticks;
  numbers.threads = word_at(line, num_threads);
  numbers.virtual_bytes = word_at(line, vsize);
  numbers.resident_bytes = word_at(line, rss);
  if (numbers.resident_bytes.has_value())
    numbers.resident_bytes = *numbers.resident_bytes * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

ProcessNumbers read_process_numbers() {
  ProcessNumbers numbers;
  read_stat(numbers);
  numbers.open_fds = count_open_fds();
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) numbers.max_fds = files.rlim_cur;
  return numbers;
}

}  // namespace holdfast::telemetry
