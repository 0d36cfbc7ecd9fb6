// socket_address: where to listen or connect, in the kernel's form.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

namespace holdfast::net {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  int family() const noexcept { return storage.ss_family; }
  bool local() const noexcept { return storage.ss_family == AF_UNIX; }
  std::string text() const;  // "127.0.0.1:8080", "[::1]:8080", "unix:/run/app.sock"
  std::uint16_t port() const noexcept;
};

// Numeric addresses and ports only; nothing is looked up.
std::optional<SocketAddress> ip_address(const std::string& ip, std::uint16_t port);
std::optional<SocketAddress> unix_address(const std::string& path);  // nothing when the path is too long (107 bytes)

}  // namespace holdfast::net
