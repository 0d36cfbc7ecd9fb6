// log_sink: write(2) to whatever stdout is.
//
// A pipe that polls writable takes PIPE_BUF bytes at once (pipe(7)), so a write of that size does not block as long as
// nobody else writes to it. Parts end at line ends where they can: then lines of several writers to one pipe do not
// mix.
#include "telemetry/log_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace holdfast::telemetry {
namespace {

constexpr int first_beyond_stdio = 3;
constexpr std::size_t part_max = PIPE_BUF;
constexpr int look_again_ms = 100;  // while the reader sleeps: how soon give_up_at() is noticed

bool try_again(int error) noexcept { return error == EINTR || error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

LogSink::LogSink(int fd) noexcept : fd_(::fcntl(fd, F_DUPFD_CLOEXEC, first_beyond_stdio)), kind_(kind_of(fd)) {}

LogSink::Kind LogSink::kind_of(int fd) noexcept {
  struct stat about{};
  if (::fstat(fd, &about) != 0) return Kind::file;
  if (S_ISSOCK(about.st_mode)) return Kind::socket;
  if (S_ISFIFO(about.st_mode) || ::isatty(fd) == 1) return Kind::stream;
  return Kind::file;
}

bool LogSink::is_terminal() const noexcept { return ::isatty(fd_.get()) == 1; }

bool LogSink::wait_writable() const noexcept {
  while (true) {
    pollfd sink{fd_.get(), POLLOUT, 0};
    if (::poll(&sink, 1, look_again_ms) > 0) return true;  // also on an error, which the write then reports
    if (steady_now().time_since_epoch().count() >= give_up_at_.load(std::memory_order_relaxed)) return false;
  }
}

std::string_view LogSink::next_part(std::string_view lines) const noexcept {
  if (kind_ == Kind::file || lines.size() <= part_max) return lines;
  const std::string_view part = lines.substr(0, part_max);
  const std::size_t line_end = part.rfind('\n');
  return line_end == std::string_view::npos ? part : part.substr(0, line_end + 1);
}

std::int64_t LogSink::write_once(std::string_view part) const noexcept {
  if (kind_ == Kind::socket) return ::send(fd_.get(), part.data(), part.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return ::write(fd_.get(), part.data(), part.size());
}

LogSink::Written LogSink::write(std::string_view& lines) noexcept {
  if (std::string_view line_end = "\n"; torn_) {
    if (const Written written = write_all(line_end); written != Written::all) return written;
  }
  return write_all(lines);
}

LogSink::Written LogSink::write_all(std::string_view& lines) noexcept {
  while (!lines.empty()) {
    if (kind_ != Kind::file && !wait_writable()) return Written::gave_up;
    const std::int64_t n = write_once(next_part(lines));
    if (n > 0) {
      torn_ = lines[static_cast<std::size_t>(n) - 1] != '\n';
      lines.remove_prefix(static_cast<std::size_t>(n));
    } else if (n < 0 && !try_again(errno)) {
      return Written::failed;
    } else if (n < 0 && kind_ == Kind::file && !wait_writable()) {  // a device that does not block
      return Written::gave_up;
    }
  }
  return Written::all;
}

bool LogSink::write_at_crash(std::string_view lines) const noexcept {
  while (!lines.empty()) {
    pollfd sink{fd_.get(), POLLOUT, 0};
    if (kind_ != Kind::file && ::poll(&sink, 1, look_again_ms) <= 0) return false;
    const std::int64_t n = write_once(next_part(lines));
    if (n <= 0) return false;
    lines.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace holdfast::telemetry
