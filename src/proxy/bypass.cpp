#include "proxy/bypass.h"

#include <charconv>
#include <fstream>
#include <sstream>

namespace holdfast::proxy {
namespace {

constexpr Duration look_every = std::chrono::seconds(5);
constexpr std::size_t lines_max = 20'000;  // a look stays short on a machine with very many sockets
constexpr std::size_t peers_max = 4'096;

// `0100007F:0BB8` → port 3000.
std::uint16_t port_of(const std::string& address) {
  std::uint16_t port = 0;
  const std::size_t colon = address.rfind(':');
  if (colon != std::string::npos) std::from_chars(address.data() + colon + 1, address.data() + address.size(), port, 16);
  return port;
}

bool loopback(const std::string& address, bool v6) {
  if (!v6) return address.size() > 8 && address.compare(6, 2, "7F") == 0;
  return address.starts_with("00000000000000000000000001000000:") ||
         (address.starts_with("0000000000000000FFFF0000") && address.compare(30, 2, "7F") == 0);
}

}  // namespace

Bypass::Bypass(WorkerContext& context, std::uint16_t app_port)
    : context_(context), app_port_(app_port), next_(&Bypass::look_due, this) {}

void Bypass::start() {
  if (app_port_ != 0) context_.deadlines.arm(next_, context_.now, look_every);
}

void Bypass::look() {
  context_.deadlines.arm(next_, context_.now, look_every);
  std::unordered_set<std::string> open;
  look_in("/proc/net/tcp", false, open);
  look_in("/proc/net/tcp6", true, open);
  for (const std::string& peer : open) {
    if (!known_.contains(peer)) ++seen_;
  }
  known_ = std::move(open);
}

void Bypass::look_in(const char* file, bool v6, std::unordered_set<std::string>& open) {
  constexpr std::string_view established = "01";
  std::ifstream lines(file);
  std::string line;
  std::getline(lines, line);  // the heading
  for (std::size_t n = 0; n < lines_max && open.size() < peers_max && std::getline(lines, line); ++n) {
    std::istringstream words(line);
    std::string number;
    std::string local;
    std::string remote;
    std::string state;
    words >> number >> local >> remote >> state;
    if (state == established && port_of(local) == app_port_ && !loopback(remote, v6)) open.insert(remote);
  }
}

}  // namespace holdfast::proxy
