#include "net/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <cstddef>
#include <cstring>

namespace holdfast::net {
namespace {

template <class T>
T as(const sockaddr_storage& storage) noexcept {
  T address{};
  std::memcpy(&address, &storage, sizeof address);
  return address;
}

template <class T>
SocketAddress from(const T& address, std::size_t size) noexcept {
  SocketAddress result;
  std::memcpy(&result.storage, &address, size);
  result.size = static_cast<socklen_t>(size);
  return result;
}

}  // namespace

std::string SocketAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> ip{};
  if (storage.ss_family == AF_INET) {
    const auto v4 = as<sockaddr_in>(storage);
    inet_ntop(AF_INET, &v4.sin_addr, ip.data(), ip.size());
    return std::string(ip.data()) + ":" + std::to_string(ntohs(v4.sin_port));
  }
  if (storage.ss_family == AF_INET6) {
    const auto v6 = as<sockaddr_in6>(storage);
    inet_ntop(AF_INET6, &v6.sin6_addr, ip.data(), ip.size());
    return "[" + std::string(ip.data()) + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  return "unix:" + std::string(as<sockaddr_un>(storage).sun_path);
}

std::uint16_t SocketAddress::port() const noexcept {
  if (storage.ss_family == AF_INET) return ntohs(as<sockaddr_in>(storage).sin_port);
  if (storage.ss_family == AF_INET6) return ntohs(as<sockaddr_in6>(storage).sin6_port);
  return 0;
}

std::optional<SocketAddress> ip_address(const std::string& ip, std::uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  if (inet_pton(AF_INET, ip.c_str(), &v4.sin_addr) == 1) return from(v4, sizeof v4);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (inet_pton(AF_INET6, ip.c_str(), &v6.sin6_addr) == 1) return from(v6, sizeof v6);
  return std::nullopt;
}

std::optional<SocketAddress> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, path.data(), path.size());
  return from(address, offsetof(sockaddr_un, sun_path) + path.size() + 1);
}

}  // namespace holdfast::net
