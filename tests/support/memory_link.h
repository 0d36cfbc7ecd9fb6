// memory_link: one connection in memory. The proxy holds a net::Transport, the test holds the other end.
//
// It behaves like a TCP connection on loopback: a bounded send buffer, half close, reset (what was sent before can
// still be read), and a write to a peer that has closed is answered by a reset. A Link outlives its Transport.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "net/transport.h"
#include "who_runs.h"

namespace holdfast::testing {

struct Link {
  std::string to_proxy;         // sent by the test, not read yet
  std::string from_proxy;       // taken from the proxy, not read by the test yet
  std::size_t room = SIZE_MAX;  // of from_proxy
  std::size_t step = SIZE_MAX;  // most bytes that one read or write moves
  std::uint64_t reads = 0;      // calls
  bool fin = false;             // the test closed its sending side
  bool gone = false;            // the test closed both
  bool reset = false;           // the test's end reset the connection
  bool proxy_fin = false;       // the proxy closed its sending side, or all
  bool proxy_closed = false;
  bool proxy_reset = false;  // it closed by reset

  // Of the proxy's end.
  net::TransportUser* user = nullptr;
  bool alive = true;
  bool want_read = true;
  bool want_write = false;
  bool reset_on_close = false;
  bool hangup_told = false;

  bool readable() const noexcept { return !to_proxy.empty() || fin || reset; }
  bool writable() const noexcept { return gone || reset || from_proxy.size() < room; }
};

class MemoryTransport final : public net::Transport {
 public:
  explicit MemoryTransport(Link& link) noexcept : link_(link) {}
  ~MemoryTransport() override {
    link_.alive = false;
    link_.user = nullptr;
    link_.proxy_closed = link_.proxy_fin = true;
    // A kernel answers unread input with a reset, and so does this.
    link_.proxy_reset = link_.reset_on_close || !link_.to_proxy.empty();
  }

  void attach(net::TransportUser& user) noexcept override { link_.user = &user; }

  net::Io read(char* into, std::size_t size) noexcept override {
    ++link_.reads;
    if (!link_.to_proxy.empty()) {
      const std::size_t n = std::min({size, link_.step, link_.to_proxy.size()});
      std::memcpy(into, link_.to_proxy.data(), n);
      link_.to_proxy.erase(0, n);
      return {net::Io::State::ok, n};
    }
    if (link_.reset) return {net::Io::State::lost};
    return {link_.fin ? net::Io::State::end : net::Io::State::blocked};
  }

  net::Io write(std::span<const iovec> parts) noexcept override {
    if (link_.reset || link_.proxy_fin) return {net::Io::State::lost};
    std::size_t left =
        std::min(link_.step, link_.gone ? SIZE_MAX : link_.room - std::min(link_.room, link_.from_proxy.size()));
    std::size_t moved = 0;
    const WhoRuns test = WhoRuns::test();
    for (const iovec& part : parts) {
      const std::size_t n = std::min(left, part.iov_len);
      if (!link_.gone) link_.from_proxy.append(static_cast<const char*>(part.iov_base), n);
      moved += n;
      left -= n;
    }
    if (link_.gone) link_.reset = true;
    if (moved == 0) return {net::Io::State::blocked};
    return {net::Io::State::ok, moved};
  }

  void want_read(bool wanted) noexcept override { link_.want_read = wanted; }
  void want_write(bool wanted) override { link_.want_write = wanted; }
  void shutdown_write() noexcept override { link_.proxy_fin = true; }
  void reset_on_close() noexcept override { link_.reset_on_close = true; }
  std::size_t undelivered() const noexcept override { return link_.from_proxy.size(); }
  bool readable_now() noexcept override { return link_.readable(); }

 private:
  Link& link_;
};

}  // namespace holdfast::testing
