// Address: where a listener binds or the app is reached, as written in a file or a flag.
//
// `0.0.0.0:8080`, `[::1]:8080`, `:8080` (both stacks, for listeners), `localhost:3000` and `unix:/run/app.sock` (for
// the app). Names are not resolved here; `localhost` is the only one accepted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::config {

struct Address {
  enum class Form : std::uint8_t { unset, ipv4, ipv6, dual_stack, localhost, unix_path };
  Form form = Form::unset;
  std::string host;        // without brackets; empty for dual_stack and unix_path
  std::uint16_t port = 0;  // 0 for a listener: chosen by the kernel
  std::string path;        // of unix_path
  friend bool operator==(const Address&, const Address&) = default;
};

enum class AddressUse : std::uint8_t { listener, app };

// "" on success, else what is wrong with it.
std::string parse_address(std::string_view text, AddressUse use, Address& out);

bool is_loopback(const Address& address);  // 127.0.0.0/8, ::1, localhost, unix
bool is_unset(const Address& address) noexcept;
std::string to_text(const Address& address);  // in the notation of the files

}  // namespace holdfast::config
