// app_address: configured addresses in the kernel's form, and the Host that a request without one gets.
#pragma once

#include <optional>
#include <string>

#include "config/address.h"
#include "net/socket_address.h"

namespace holdfast::proxy {

// Nothing when the address cannot be expressed (a unix path that is too long). `localhost` is 127.0.0.1.
std::optional<net::SocketAddress> socket_address(const config::Address& address);
std::string authority_of(const config::Address& address);  // `127.0.0.1:3000`; `localhost` for a unix socket

}  // namespace holdfast::proxy
