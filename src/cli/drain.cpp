// `holdfast drain`: POST /drain on the admin listener of a running process.
#include "cli/drain.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "cli/flags.h"
#include "cli/terminal.h"
#include "core/fd.h"
#include "proxy/app_address.h"

namespace holdfast::cli {
namespace {

constexpr std::string_view default_admin = "127.0.0.1:9901";
constexpr timeval answer_within{3700, 0};  // longer than any drain can be configured to last
constexpr std::size_t answer_max = 64U << 10U;

// The whole answer, or "" with errno set.
std::string post_drain(const net::SocketAddress& to) {
  const Fd fd(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return {};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &answer_within, sizeof answer_within);
  const auto* address = static_cast<const sockaddr*>(static_cast<const void*>(&to.storage));
  if (::connect(fd.get(), address, to.size) != 0) return {};
  constexpr std::string_view request =
      "POST /drain HTTP/1.1\r\nhost: holdfast\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) return {};
  std::string answer;
  std::array<char, 4096> bytes{};
  while (answer.size() < answer_max) {
    const ssize_t n = ::recv(fd.get(), bytes.data(), bytes.size(), 0);
    if (n <= 0) break;
    answer.append(bytes.data(), static_cast<std::size_t>(n));
  }
  return answer;
}

}  // namespace

int run_drain(std::span<const std::string_view> args) {
  constexpr std::string_view help = "holdfast drain --help";
  constexpr std::array<FlagSpec, 1> known{FlagSpec{"--admin"}};
  const auto arguments = parse_arguments(args, known);
  if (!arguments) return usage_error(arguments.error().sentence, arguments.error().did_you_mean, help);
  if (!arguments.value().rest.empty()) return usage_error("drain takes no arguments", "", help);
  const std::string where(arguments.value().value("--admin").value_or(default_admin));
  config::Address address;
  if (const std::string wrong = config::parse_address(where, config::AddressUse::app, address); !wrong.empty()) {
    return usage_error("--admin " + where + ": " + wrong, "", help);
  }
  const auto to = proxy::socket_address(address);
  const std::string answer = to ? post_drain(*to) : std::string();
  if (answer.empty()) {
    print(Stream::error, "holdfast: no Holdfast answers at " + where + ": " +
                             std::error_code(errno, std::generic_category()).message() +
                             "; is it running, and is this its admin address?\n");
    return to_int(ExitCode::cannot_bind);
  }
  const bool done = answer.starts_with("HTTP/1.1 200");
  const std::size_t content = answer.find("\r\n\r\n");
  print(done ? Stream::out : Stream::error, content == std::string::npos ? answer : answer.substr(content + 4));
  return to_int(done ? ExitCode::ok : ExitCode::internal);
}

}  // namespace holdfast::cli
