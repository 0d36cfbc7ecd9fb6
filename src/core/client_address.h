// The address of a client: what limits are kept per, and what logs and forwarding fields show.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace holdfast {

struct ClientAddress {
  std::array<char, 46> text{};  // IPv4, or IPv6 in its short form; "unix" for a socket without an address
  std::uint8_t text_size = 0;
  std::uint8_t family = 0;               // 4, 6, or 0
  std::array<std::uint8_t, 16> bytes{};  // network order; IPv4 in the first four; IPv4-mapped IPv6 is kept as IPv4

  std::string_view view() const noexcept { return {text.data(), text_size}; }
  // The part that identifies one client: an IPv4 address, or the /64 of an IPv6 one.
  std::string_view identity() const noexcept;
};

// From text as in X-Forwarded-For: `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`, each with an optional port. family 0
// when it is none.
ClientAddress parse_client_address(std::string_view text) noexcept;
// From a sockaddr (`family` AF_INET or AF_INET6) as accept() gives it.
ClientAddress client_address_from(const void* sockaddr_bytes) noexcept;

}  // namespace holdfast
