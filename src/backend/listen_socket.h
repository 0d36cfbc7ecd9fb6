// listen_socket: the address the service listens on, from its text to an open socket.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

#include "core/fd.h"
#include "core/result.h"

namespace users {

// `127.0.0.1:3000`, `[::1]:3000`, `localhost:3000`, `:3000` (every IPv4 address); port 0 lets the kernel choose.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::optional<Address> parse_address(std::string_view text);
std::string to_text(const Address& address);

struct ListenSocket {
  holdfast::Fd fd;
  std::string address;  // with the port that was chosen
};

// The error is one sentence that names the address.
holdfast::Result<ListenSocket, std::string> open_listen_socket(const Address& address);

}  // namespace users
