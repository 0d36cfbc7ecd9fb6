#include "http/request_target.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

#include "core/bytes.h"
#include "http/simd.h"

namespace holdfast::http {
namespace {

// RFC 3986 3.2.2: unreserved characters and sub-delimiters.
constexpr std::array<bool, 256> name_characters = [] {
  std::array<bool, 256> is{};
  for (unsigned c = 0; c < 128; ++c) is[c] = is_alpha(static_cast<char>(c)) || is_digit(static_cast<char>(c));
  for (const char c : std::string_view("-._~!$&'()*+,;=")) is[static_cast<unsigned char>(c)] = true;
  return is;
}();

// How many characters at the start are letters, digits, '-' or '.': almost all hosts are made of nothing else.
std::size_t plain_characters(std::string_view text) noexcept {
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at < end; at += 16) {
    const std::uint32_t others = bits_up_to(
        text.data(), at, end, [](Bytes16 b) { return (common_name_characters(b) | b.equals('.')).bits() ^ 0xffffU; });
    if (others != 0)
      return static_cast<std::size_t>(at - text.data()) + static_cast<std::size_t>(std::countr_zero(others));
  }
  return text.size();
}

bool is_registered_name(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (name_characters[static_cast<unsigned char>(c)]) continue;
    if (c != '%' || i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) return false;
    i += 2;
  }
  return !text.empty();
}

bool is_ipv6(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.size() >= copy.size()) return false;
  text.copy(copy.data(), text.size());
  in6_addr address{};
  return text.find('\0') == std::string_view::npos && inet_pton(AF_INET6, copy.data(), &address) == 1;
}

bool is_port(std::string_view text) noexcept {
  unsigned n = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    n = n * 10 + static_cast<unsigned>(c - '0');
    if (n > 65535) return false;
  }
  return true;
}

constexpr std::uint32_t size_of(std::string_view text) noexcept { return static_cast<std::uint32_t>(text.size()); }

// RFC 9110 4.2: http and https, without userinfo (4.2.4).
const char* read_absolute(RequestHead& head, std::string_view target, std::size_t scheme_size) noexcept {
  head.absolute_form = true;
  const std::size_t begin = scheme_size + 3;  // "://"
  std::size_t end = target.find_first_of("/?", begin);
  if (end == std::string_view::npos) end = target.size();
  if (!is_authority(target.substr(begin, end - begin))) return "authority of the target";
  head.authority = {head.target.begin + static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)};
  head.path_and_query = {head.target.begin + static_cast<std::uint32_t>(end), size_of(target.substr(end))};
  // RFC 9112 3.2.4: OPTIONS for an authority without path means the server as a whole.
  head.asterisk_form = head.method == Method::options && end == target.size();
  return nullptr;
}

}  // namespace

// A DNS name has at most 255 bytes; a longer authority only serves to grow what is made of it.
constexpr std::size_t authority_max = 255 + sizeof(":65535");

bool is_authority(std::string_view text) noexcept {
  if (text.size() > authority_max) return false;
  const std::size_t plain = plain_characters(text);
  if (plain == text.size()) return plain != 0;
  if (text[plain] == ':' && plain != 0) return is_port(text.substr(plain + 1));
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos || !is_ipv6(text.substr(1, bracket - 1))) return false;
    const std::string_view rest = text.substr(bracket + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const std::size_t host_end = text.rfind(':');
  if (host_end == std::string_view::npos) return is_registered_name(text);
  return is_registered_name(text.substr(0, host_end)) && is_port(text.substr(host_end + 1));
}

const char* read_target(RequestHead& head) noexcept {
  const std::string_view target = head.text(head.target);
  if (head.method == Method::connect) {
    const std::size_t colon = target.rfind(':');
    if (!is_authority(target) || colon == std::string_view::npos || colon + 1 == target.size())
      return "target is no authority";
    head.authority = head.target;
    return nullptr;
  }
  if (target.front() == '/') {
    head.path_and_query = head.target;
    return nullptr;
  }
  if (target == "*") {
    if (head.method != Method::options) return "asterisk target without OPTIONS";
    head.asterisk_form = true;
    head.path_and_query = head.target;
    return nullptr;
  }
  if (target.size() > 7 && equals_lower(target.substr(0, 7), "http://")) return read_absolute(head, target, 4);
  if (target.size() > 8 && equals_lower(target.substr(0, 8), "https://")) return read_absolute(head, target, 5);
  return "form of the target";
}

}  // namespace holdfast::http
