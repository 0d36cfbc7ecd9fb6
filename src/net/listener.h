// listener: accepts connections on one address for one worker.
//
// Workers share an address by SO_REUSEPORT among themselves only: the address is first bound without it, so a port that
// another process uses is an error and not a silent split of its traffic. Out of descriptors: accepting pauses for a
// moment, it never spins; a listener with a reserve goes on with that.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/client_address.h"
#include "core/fd.h"
#include "core/result.h"
#include "net/loop.h"
#include "net/socket_address.h"
#include "net/transport.h"

namespace holdfast::net {

class AcceptUser {
 public:
  virtual void on_accepted(Fd socket, const ClientAddress& peer) noexcept = 0;
  virtual void on_accept_paused(int error) noexcept = 0;  // errno; once per pause

 protected:
  ~AcceptUser() = default;
};

struct BoundSockets {
  SocketAddress address;  // with the port that the kernel chose
  std::vector<Fd> sockets;
};

// `count` listening sockets for `address`. `dual_stack`: also IPv4 through "[::]". The error is errno.
Result<BoundSockets, int> bind_listeners(const SocketAddress& address, std::size_t count, bool dual_stack);

class Listener {
 public:
  Listener(Loop& loop, Fd socket, AcceptUser& user);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Serves what waits in the backlog, then stops listening.
  void close();
  bool open() const noexcept;
  TimePoint last_accept() const noexcept;  // of the loop's clock; when there was none, the start

  // Holds a descriptor back, for one connection more when the process has none left. To be called again at the end of
  // each turn: it does nothing while the reserve is there.
  void keep_reserve() noexcept;

 private:
  class Socket;
  std::unique_ptr<Socket> socket_;
};

}  // namespace holdfast::net
