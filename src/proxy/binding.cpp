#include "proxy/binding.h"

#include <cerrno>
#include <system_error>

#include "proxy/app_address.h"

namespace holdfast::proxy {
namespace {

std::string why(int error) {
  if (error == EADDRINUSE) return "another process listens there (see `ss -ltnp`); stop it or choose another address";
  if (error == EACCES) return "not permitted: ports below 1024 need CAP_NET_BIND_SERVICE; choose a higher one";
  if (error == EADDRNOTAVAIL) return "this machine has no such address";
  return std::error_code(error, std::generic_category()).message();
}

}  // namespace

Result<net::BoundSockets, std::string> bind_address(const config::Address& address, std::size_t count,
                                                    std::string_view name) {
  const bool dual = address.form == config::Address::Form::dual_stack;
  const auto where = socket_address(address);
  if (!where) return std::string(name) + " " + config::to_text(address) + " is no address to listen on";
  auto made = net::bind_listeners(*where, count, dual);
  if (!made && dual && (made.error() == EAFNOSUPPORT || made.error() == EADDRNOTAVAIL)) {
    if (const auto v4 = net::ip_address("0.0.0.0", address.port)) made = net::bind_listeners(*v4, count, false);
  }
  if (made) return std::move(made).value();
  return "cannot listen on " + config::to_text(address) + " (" + std::string(name) + "): " + why(made.error());
}

}  // namespace holdfast::proxy
