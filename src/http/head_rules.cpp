#include "http/head_rules.h"

#include <charconv>

#include "core/bytes.h"
#include "http/forwarding.h"

namespace holdfast::http {
namespace {

constexpr bool is_white_space(char c) noexcept { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_white_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_white_space(text.back())) text.remove_suffix(1);
  return text;
}

// Keep-Alive: timeout=5, max=100. Seconds, or 0 when it says nothing we understand.
std::uint32_t timeout_of(std::string_view value) noexcept {
  for (std::string_view member = next_member(value); !member.empty(); member = next_member(value)) {
    if (member.size() < 9 || !equals_lower(member.substr(0, 8), "timeout=")) continue;
    std::uint32_t seconds = 0;
    const char* end = member.data() + member.size();
    const auto [stop, error] = std::from_chars(member.data() + 8, end, seconds);
    if (error == std::errc() && stop == end) return seconds;
  }
  return 0;
}

}  // namespace

bool parse_length(std::string_view text, std::uint64_t& n) noexcept {
  if (text.empty() || text.size() > 19) return false;
  n = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    n = n * 10 + static_cast<std::uint64_t>(c - '0');  // 19 digits fit
  }
  return n <= static_cast<std::uint64_t>(INT64_MAX);
}

std::string_view next_member(std::string_view& list) noexcept {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view member = trimmed(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    if (!member.empty()) return member;
  }
  return {};
}

bool lists_token(std::string_view value, std::string_view token) noexcept {
  for (std::string_view member = next_member(value); !member.empty(); member = next_member(value)) {
    if (equals_lower(member, token)) return true;
  }
  return false;
}

bool is_plain_option(std::string_view option) noexcept {
  return equals_lower(option, "keep-alive") || equals_lower(option, "close") || equals_lower(option, "upgrade") ||
         equals_lower(option, "te") || equals_lower(option, "transfer-encoding") ||
         equals_lower(option, "content-length") || equals_lower(option, "connection") ||
         equals_lower(option, "proxy-connection");
}

const char* HeadRules::add_length(std::string_view value) noexcept {
  if (++lengths_ > 1) return "more than one content-length";
  return parse_length(value, length_) ? nullptr : "content-length is not one number";
}

const char* HeadRules::add_connection(std::string_view value) noexcept {
  if (value == "keep-alive") {  // what almost all say
    keep_alive_ = true;
    return nullptr;
  }
  for (std::string_view option = next_member(value); !option.empty(); option = next_member(value)) {
    if (equals_lower(option, "keep-alive")) keep_alive_ = true;
    if (equals_lower(option, "close")) close_ = true;
    if (equals_lower(option, "upgrade")) upgrade_listed_ = true;
    if (is_plain_option(option)) continue;
    if (++nominations_ > most_nominations) return "too many connection options";
  }
  return nullptr;
}

const char* HeadRules::add(FieldId id, std::string_view value) noexcept {
  if (id == FieldId::host) return ++hosts_ > 1 ? "more than one host" : nullptr;
  if (id == FieldId::content_length) return add_length(value);
  if (id == FieldId::connection) return add_connection(value);
  if (id == FieldId::transfer_encoding) {
    if (++codings_ > 1) return "more than one transfer-encoding";
    return equals_lower(value, "chunked") ? nullptr : "transfer-encoding is not exactly chunked";
  }
  if (id == FieldId::upgrade && lists_token(value, "websocket")) websocket_ = true;
  if (id == FieldId::te && lists_token(value, "trailers")) te_trailers_ = true;
  if (id == FieldId::keep_alive) keep_alive_timeout_ = timeout_of(value);
  if (id == FieldId::expect) {
    expects_continue_ = equals_lower(value, "100-continue");
    expectations_ = expectations_ == 0 ? 1 : 2;
  }
  return nullptr;
}

const char* HeadRules::framing(Version version, Framing& framing, std::uint64_t& length) const noexcept {
  framing = Framing::none;
  length = length_;
  if (codings_ != 0 && lengths_ != 0) return "content-length and transfer-encoding together";
  if (codings_ != 0 && version == Version::http10) return "transfer-encoding in HTTP/1.0";
  if (codings_ != 0) framing = Framing::chunked;
  if (lengths_ != 0) framing = Framing::length;
  return nullptr;
}

}  // namespace holdfast::http
