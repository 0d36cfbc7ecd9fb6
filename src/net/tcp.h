// tcp: sockets as transports, and dialling them. Unix stream sockets go the same way.
#pragma once

#include <memory>

#include "core/fd.h"
#include "net/loop.h"
#include "net/socket_address.h"
#include "net/transport.h"

namespace holdfast::net {

// `fd` is connected and non-blocking.
std::unique_ptr<Transport> tcp_transport(Loop& loop, Fd fd);

// Dials one address. The connect deadline is the caller's: it destroys the Dial.
class TcpConnector final : public Connector {
 public:
  TcpConnector(Loop& loop, const SocketAddress& to) noexcept : loop_(loop), to_(to) {}
  std::unique_ptr<Dial> dial(DialUser& user) override;

 private:
  Loop& loop_;
  SocketAddress to_;
};

// TCP_NODELAY and keep-alive probes after 60 s; nothing on unix sockets. An accepted socket inherits them from its
// listener.
void set_socket_options(int fd, bool local) noexcept;

}  // namespace holdfast::net
