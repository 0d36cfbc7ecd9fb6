#include "backend/listen_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "core/units.h"

namespace users {
namespace {

constexpr int backlog = 511;

// sockaddr_storage holds any address; these copy the concrete form in and out of it.
template <class Concrete>
Address wrap(const Concrete& concrete) {
  Address address;
  std::memcpy(&address.storage, &concrete, sizeof concrete);
  address.size = sizeof concrete;
  return address;
}

template <class Concrete>
Concrete unwrap(const Address& address) {
  Concrete concrete{};
  std::memcpy(&concrete, &address.storage, sizeof concrete);
  return concrete;
}

std::string cannot_listen(const Address& address) {
  return "cannot listen on " + to_text(address) + ": " + std::generic_category().message(errno);
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = holdfast::parse_count(text.substr(colon + 1));
  if (!port || *port > 65535) return std::nullopt;
  const in_port_t network_port = htons(static_cast<in_port_t>(*port));
  std::string host(text.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = network_port;
    if (::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6.sin6_addr) != 1) return std::nullopt;
    return wrap(v6);
  }
  if (host.empty()) host = "0.0.0.0";
  if (host == "localhost") host = "127.0.0.1";
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = network_port;
  if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1) return std::nullopt;
  return wrap(v4);
}

std::string to_text(const Address& address) {
  char host[INET6_ADDRSTRLEN] = "";
  if (address.storage.ss_family == AF_INET6) {
    const auto v6 = unwrap<sockaddr_in6>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
    return "[" + std::string(host) + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  const auto v4 = unwrap<sockaddr_in>(address);
  ::inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
  return std::string(host) + ":" + std::to_string(ntohs(v4.sin_port));
}

holdfast::Result<ListenSocket, std::string> open_listen_socket(const Address& address) {
  holdfast::Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return cannot_listen(address);
  Address bound = address;
  auto* socket_address = static_cast<sockaddr*>(static_cast<void*>(&bound.storage));
  if (::bind(fd.get(), socket_address, bound.size) != 0) return cannot_listen(address);
  if (::listen(fd.get(), backlog) != 0) return cannot_listen(address);
  if (::getsockname(fd.get(), socket_address, &bound.size) != 0) return cannot_listen(address);
  return ListenSocket{std::move(fd), to_text(bound)};
}

}  // namespace users
