#include "core/client_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace holdfast {
namespace {

void write_text_form(ClientAddress& a) noexcept {
  const int family = a.family == 4 ? AF_INET : AF_INET6;
  if (inet_ntop(family, a.bytes.data(), a.text.data(), static_cast<socklen_t>(a.text.size())) == nullptr) return;
  a.text_size = static_cast<std::uint8_t>(std::strlen(a.text.data()));
}

ClientAddress from_v4(const void* bytes) noexcept {
  ClientAddress a;
  a.family = 4;
  std::memcpy(a.bytes.data(), bytes, 4);
  write_text_form(a);
  return a;
}

ClientAddress from_v6(const void* bytes) noexcept {
  in6_addr v6{};
  std::memcpy(&v6, bytes, sizeof v6);
  if (IN6_IS_ADDR_V4MAPPED(&v6) != 0) return from_v4(&v6.s6_addr[12]);
  ClientAddress a;
  a.family = 6;
  std::memcpy(a.bytes.data(), bytes, 16);
  write_text_form(a);
  return a;
}

}  // namespace

std::string_view ClientAddress::identity() const noexcept {
  const auto* p = static_cast<const char*>(static_cast<const void*>(bytes.data()));
  if (family == 4) return {p, 4};
  if (family == 6) return {p, 8};
  return "unix";
}

ClientAddress parse_client_address(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {};
    text = text.substr(1, end - 1);
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    text = text.substr(0, text.find(':'));  // IPv4 with a port
  }
  char copy[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof copy || text.find('\0') != std::string_view::npos) return {};
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, copy, &v4) == 1) return from_v4(&v4);
  if (inet_pton(AF_INET6, copy, &v6) == 1) return from_v6(&v6);
  return {};
}

ClientAddress client_address_from(const void* sockaddr_bytes) noexcept {
  sockaddr_storage storage{};
  std::memcpy(&storage.ss_family, sockaddr_bytes, sizeof storage.ss_family);
  if (storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, sockaddr_bytes, sizeof in);
    return from_v4(&in.sin_addr);
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 in6{};
    std::memcpy(&in6, sockaddr_bytes, sizeof in6);
    return from_v6(&in6.sin6_addr);
  }
  ClientAddress a;
  a.text_size = static_cast<std::uint8_t>(std::string_view("unix").copy(a.text.data(), a.text.size()));
  return a;
}

}  // namespace holdfast
