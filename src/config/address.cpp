// Parses addresses with inet_pton, so that `010.0.0.1` and `1.2.3` are refused.
#include "config/address.h"

#include <arpa/inet.h>

#include <array>

#include "core/bytes.h"
#include "core/units.h"

namespace holdfast::config {
namespace {

constexpr std::size_t longest_unix_path = 107;  // sockaddr_un::sun_path less its NUL

std::string parse_unix(std::string_view path, AddressUse use, Address& out) {
  if (use == AddressUse::listener) return "a listener needs a TCP address such as 0.0.0.0:8080";
  if (!path.starts_with('/')) return "the path of a unix socket is absolute: unix:/run/app.sock";
  if (path.size() > longest_unix_path) return "the path of a unix socket has at most 107 bytes";
  out = {};
  out.form = Address::Form::unix_path;
  out.path = path;
  return {};
}

std::string parse_host(std::string_view host, bool bracketed, AddressUse use, Address& out) {
  const std::string text(host);
  std::array<unsigned char, 16> bytes{};
  if (bracketed && ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) {
    out.form = Address::Form::ipv6;
  } else if (bracketed && ::inet_pton(AF_INET, text.c_str(), bytes.data()) != 1) {
    return "'" + text + "' is not an IPv6 address";
  } else if (host.empty()) {
    if (use == AddressUse::app) return "the host is missing";
    out.form = Address::Form::dual_stack;
  } else if (host == "localhost") {
    if (use == AddressUse::listener) return "a listener needs a number: localhost may be 127.0.0.1 or ::1";
    out.form = Address::Form::localhost;
  } else if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    out.form = Address::Form::ipv4;
  } else {
    return "'" + text + "' is not an IPv4 address; names other than localhost are not resolved";
  }
  out.host = text;
  return {};
}

}  // namespace

std::string parse_address(std::string_view text, AddressUse use, Address& out) {
  if (text.starts_with("unix:")) return parse_unix(text.substr(5), use, out);
  if (text.find("://") != std::string_view::npos) return "an address has no scheme";
  const bool bracketed = text.starts_with('[');
  std::string_view host;
  std::string_view port;
  if (bracketed) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return "the bracket of the IPv6 address is not closed";
    host = text.substr(1, end - 1);
    if (text.substr(end + 1).empty() || text[end + 1] != ':') return "the port is missing";
    port = text.substr(end + 2);
  } else {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return "the port is missing";
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.find(':') != std::string_view::npos) return "an IPv6 address needs brackets: \"[::1]:8080\"";
  }
  Address parsed;
  if (auto wrong = parse_host(host, bracketed, use, parsed); !wrong.empty()) return wrong;
  const auto number = parse_count(port);
  if (!number || *number > 65535 || (port.size() > 1 && port.starts_with('0'))) {
    return "'" + std::string(port) + "' is not a port from 0 to 65535";
  }
  if (*number == 0 && use == AddressUse::app) return "port 0 is no port the app can have";
  parsed.port = static_cast<std::uint16_t>(*number);
  out = std::move(parsed);
  return {};
}

bool is_loopback(const Address& address) {
  switch (address.form) {
    case Address::Form::unset:
    case Address::Form::dual_stack: return false;
    case Address::Form::localhost:
    case Address::Form::unix_path: return true;
    case Address::Form::ipv4: return address.host.starts_with("127.");
    case Address::Form::ipv6: break;
  }
  std::array<unsigned char, 16> bytes{};
  if (::inet_pton(AF_INET6, address.host.c_str(), bytes.data()) != 1) return false;
  std::array<unsigned char, 16> loopback{};
  loopback.back() = 1;
  return bytes == loopback;
}

bool is_unset(const Address& address) noexcept { return address.form == Address::Form::unset; }

std::string to_text(const Address& address) {
  std::string port = ":" + std::to_string(address.port);
  switch (address.form) {
    case Address::Form::unset: return {};
    case Address::Form::dual_stack: return port;
    case Address::Form::unix_path: return "unix:" + address.path;
    case Address::Form::ipv6: return "[" + address.host + "]" + port;
    case Address::Form::ipv4:
    case Address::Form::localhost: break;
  }
  return address.host + port;
}

}  // namespace holdfast::config
