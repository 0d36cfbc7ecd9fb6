// What the programs of the measuring stand share: loopback sockets, an epoll set, and arguments written key=value.
//
// Nothing here is tuned to flatter: non-blocking sockets with TCP_NODELAY, as the proxies that are measured have them.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/fd.h"

namespace holdfast::bench {

[[noreturn]] inline void give_up(const char* what) {
  std::perror(what);
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): these programs have one thread
}

inline void require(bool holds, const char* what) {
  if (!holds) give_up(what);
}

// The value of `name=…` among the arguments; absent: `otherwise`.
inline std::string_view text_argument(int count, char** values, std::string_view name, std::string_view otherwise) {
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = values[i];
    if (argument.size() > name.size() && argument.starts_with(name) && argument[name.size()] == '=') {
      return argument.substr(name.size() + 1);
    }
  }
  return otherwise;
}

inline std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// What each program does first: as many descriptors as it may have, and a broken pipe is an error code.
inline void prepare_process() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
}

// `host` is the last three bytes of a loopback address: 1 is 127.0.0.1.
inline sockaddr_in loopback(std::uint64_t port, std::uint32_t host = 1) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl((127U << 24U) | host);
  return address;
}

inline const sockaddr* as_sockaddr(const sockaddr_in& address) {
  return static_cast<const sockaddr*>(static_cast<const void*>(&address));
}

inline void set_nodelay(const Fd& fd) {
  const int one = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

inline Fd listen_on(std::uint64_t port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) give_up("socket");
  const int one = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  const sockaddr_in address = loopback(port);
  require(::bind(fd.get(), as_sockaddr(address), sizeof address) == 0, "bind");
  require(::listen(fd.get(), 4096) == 0, "listen");
  return fd;
}

inline Fd accept_from(const Fd& listener) {
  Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd) set_nodelay(fd);
  return fd;
}

// Begins to connect, from 127.0.0.`from` so that a run with many connections does not end at the number of ports.
inline Fd dial(std::uint64_t port, std::uint32_t from = 1) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) give_up("socket");
  set_nodelay(fd);
  const int one = 1;
  ::setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  const sockaddr_in source = loopback(0, from);
  require(::bind(fd.get(), as_sockaddr(source), sizeof source) == 0, "bind");
  const sockaddr_in address = loopback(port);
  static_cast<void>(::connect(fd.get(), as_sockaddr(address), sizeof address));
  return fd;
}

class Poll {
 public:
  void add(const Fd& fd, void* owner, std::uint32_t events) { control(EPOLL_CTL_ADD, fd, owner, events); }
  void change(const Fd& fd, void* owner, std::uint32_t events) { control(EPOLL_CTL_MOD, fd, owner, events); }
  int wait(epoll_event* events, int room, int timeout_ms) { return ::epoll_wait(fd_.get(), events, room, timeout_ms); }

 private:
  void control(int what, const Fd& fd, void* owner, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = owner;
    require(::epoll_ctl(fd_.get(), what, fd.get(), &event) == 0, "epoll_ctl");
  }

  Fd fd_{::epoll_create1(EPOLL_CLOEXEC)};
};

}  // namespace holdfast::bench
