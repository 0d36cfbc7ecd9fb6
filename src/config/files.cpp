// Reading a file into memory, with a bound and a name for every failure.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "config/codes.h"
#include "config/loader.h"
#include "core/fd.h"

namespace holdfast::config {
namespace {

constexpr std::size_t largest = 1U << 20U;

Fault unreadable(const std::string& path, const std::string& why) {
  return {{path, 0, 0}, std::string(code::unreadable_file),    "cannot read " + path + ": " + why,
          {},           "correct the path or its permissions", false};
}

std::string error_text(int error) { return std::generic_category().message(error); }

}  // namespace

FileText read_file(const std::string& path) {
  // Without O_NONBLOCK, opening a FIFO would wait for its writer.
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return unreadable(path, error_text(errno));
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return unreadable(path, error_text(errno));
  if (!S_ISREG(status.st_mode)) return unreadable(path, "it is no regular file");
  std::string text;
  std::array<char, 16384> chunk{};
  while (true) {
    const ssize_t n = ::read(fd.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unreadable(path, error_text(errno));
    if (n == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(n));
    if (text.size() > largest) {
      return Fault{{path, 0, 0}, std::string(code::file_too_large), path + " is larger than 1 MiB",
                   {},           "make the file smaller",           false};
    }
  }
}

}  // namespace holdfast::config
