// sinks: descriptors for log tests: a file in memory, and a small pipe whose reader the test is. Every wait has a
// bound.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "core/fd.h"
#include "telemetry/line_blocks.h"

namespace holdfast::telemetry {

class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("log", MFD_CLOEXEC)) {}
  int fd() const noexcept { return fd_.get(); }
  std::string content() const {
    std::string text;
    std::array<char, 4096> part{};
    for (ssize_t n = 1; n > 0;) {
      n = ::pread(fd_.get(), part.data(), part.size(), static_cast<off_t>(text.size()));
      if (n > 0) text.append(part.data(), static_cast<std::size_t>(n));
    }
    return text;
  }

 private:
  Fd fd_;
};

// A pipe that holds one page.
class SmallPipe {
 public:
  SmallPipe() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    in_ = Fd(ends[0]);
    out_ = Fd(ends[1]);
    REQUIRE(::fcntl(out_.get(), F_SETPIPE_SZ, 4096) >= 4096);
  }
  int sink() const noexcept { return out_.get(); }
  int flags() const noexcept { return ::fcntl(out_.get(), F_GETFL); }
  void close_reader() noexcept { in_.reset(); }
  void close_writer() noexcept { out_.reset(); }

  // Waits (5 s at most) for the next bytes and appends them; false at the end or when none came.
  bool read_more(std::string& text) {
    pollfd reader{in_.get(), POLLIN, 0};
    if (::poll(&reader, 1, 5000) <= 0) return false;
    std::array<char, 4096> part{};
    const ssize_t n = ::read(in_.get(), part.data(), part.size());
    if (n > 0) text.append(part.data(), static_cast<std::size_t>(n));
    return n > 0;
  }
  bool read_until(std::string& text, std::string_view wanted) {
    while (text.find(wanted) == std::string::npos || text.back() != '\n') {
      if (!read_more(text)) return false;
    }
    return true;
  }

 private:
  Fd in_;
  Fd out_;
};

inline std::uint64_t lines_in(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

inline bool put_line(LogChannel& channel, std::string_view line, Level level = Level::info, TimePoint now = {}) {
  char* room = channel.begin(level, line.size());
  if (room == nullptr) return false;
  std::memcpy(room, line.data(), line.size());
  channel.commit(room + line.size(), now);
  return true;
}

}  // namespace holdfast::telemetry
