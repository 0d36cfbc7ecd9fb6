// Sockets of loopback for the tests, and what a test hears from a loop. Time is the loop's own.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>

#include "net/listener.h"
#include "net/tcp.h"

namespace holdfast::net {

inline const sockaddr* raw(const SocketAddress& address) noexcept {
  return static_cast<const sockaddr*>(static_cast<const void*>(&address.storage));
}

inline SocketAddress loopback(std::uint16_t port = 0) {
  return ip_address("127.0.0.1", port).value_or(SocketAddress{});
}

// Connected, blocking.
inline Fd connect_to(const SocketAddress& address) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), raw(address), address.size) != 0) fd.reset();
  return fd;
}

// Ends a loop after `patience` of its own time at the latest, so that a failing test ends.
class Patient : public TurnUser {
 public:
  explicit Patient(Loop& loop, Duration patience = std::chrono::seconds(5)) noexcept
      : loop_(loop), patience_(patience) {}
  void time_passes(TimePoint now, WallTime) noexcept override {
    if (begin_ == TimePoint{}) begin_ = now;
    now_ = now;
  }
  void turn_ends() noexcept override {
    ++turns;
    at_turn_end();
    if (now_ - begin_ >= patience_) loop_.stop();
  }
  std::optional<TimePoint> next_deadline() noexcept override { return now_ + std::chrono::milliseconds(20); }
  int turns = 0;

 protected:
  ~Patient() = default;
  virtual void at_turn_end() noexcept {}
  Loop& loop_;

 private:
  Duration patience_;
  TimePoint begin_{};
  TimePoint now_{};
};

// Counts what a transport tells.
class Watcher : public Patient, public TransportUser {
 public:
  using Patient::Patient;
  void on_readable() noexcept override { ++readables; }
  void on_writable() noexcept override { ++writables; }
  void on_hangup() noexcept override { ++hangups; }
  int readables = 0;
  int writables = 0;
  int hangups = 0;

 protected:
  ~Watcher() = default;
};

// A transport of `loop` and the other end of its connection.
struct Connected {
  explicit Connected(Loop& loop) {
    auto bound = bind_listeners(loopback(), 1, false);
    if (!bound) return;
    peer = connect_to(bound.value().address);
    Fd accepted(::accept4(bound.value().sockets.front().get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted) transport = tcp_transport(loop, std::move(accepted));
  }

  // Sends until the peer's buffers and ours are full; how much that was.
  std::size_t fill() {
    const std::string bytes(64U << 10U, 'x');
    std::size_t sent = 0;
    for (int i = 0; i < 10'000; ++i) {
      iovec part{const_cast<char*>(bytes.data()), bytes.size()};
      const Io io = transport->write({&part, 1});
      if (io.state != Io::State::ok) return sent;
      sent += io.bytes;
    }
    return sent;
  }
  // Takes what has arrived at the peer; how much that was.
  std::size_t drain() {
    std::string into(1U << 20U, '\0');
    std::size_t got = 0;
    for (;;) {
      const ssize_t n = ::recv(peer.get(), into.data(), into.size(), MSG_DONTWAIT);
      if (n <= 0) return got;
      got += static_cast<std::size_t>(n);
    }
  }
  void peer_sends(std::string_view bytes) {
    sent_all = ::send(peer.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
  }
  void peer_ends() { ::shutdown(peer.get(), SHUT_WR); }
  void peer_resets() {
    const linger at_once{1, 0};
    ::setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    peer.reset();
  }

  std::unique_ptr<Transport> transport;
  Fd peer;
  bool sent_all = false;
};

}  // namespace holdfast::net
