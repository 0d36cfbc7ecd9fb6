#include "proxy/app_address.h"

namespace holdfast::proxy {

std::optional<net::SocketAddress> socket_address(const config::Address& address) {
  using Form = config::Address::Form;
  switch (address.form) {
    case Form::unset: return std::nullopt;
    case Form::ipv4:
    case Form::ipv6: return net::ip_address(address.host, address.port);
    case Form::dual_stack: return net::ip_address("::", address.port);
    case Form::localhost: return net::ip_address("127.0.0.1", address.port);
    case Form::unix_path: return net::unix_address(address.path);
  }
  return std::nullopt;
}

std::string authority_of(const config::Address& address) {
  if (address.form == config::Address::Form::unix_path) return "localhost";
  return config::to_text(address);
}

}  // namespace holdfast::proxy
