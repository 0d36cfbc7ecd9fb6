#include "proxy/bypass.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace holdfast::proxy {
namespace {

constexpr Duration look_every = std::chrono::seconds(5);
constexpr std::size_t lines_max = 20'000;  // a look stays short on a machine with very many sockets
constexpr std::size_t peers_max = 4'096;

struct Row {
  std::string local;
  std::string remote;
  std::string inode;
};

// `0100007F:0BB8` → port 3000.
std::uint16_t port_of(const std::string& address) {
  std::uint16_t port = 0;
  const std::size_t colon = address.rfind(':');
  if (colon != std::string::npos)
    std::from_chars(address.data() + colon + 1, address.data() + address.size(), port, 16);
  return port;
}

// An IPv4 address in the table of IPv6 looks like one in the table of IPv4.
std::string plain(const std::string& address) {
  constexpr std::string_view mapped = "0000000000000000FFFF0000";
  return address.starts_with(mapped) ? address.substr(mapped.size()) : address;
}

std::vector<Row> established_in(const char* file) {
  std::vector<Row> rows;
  std::ifstream lines(file);
  std::string line;
  std::getline(lines, line);  // the heading
  while (rows.size() < lines_max && std::getline(lines, line)) {
    std::istringstream words(line);
    std::string number, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
    words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >> inode;
    if (state == "01") rows.push_back({plain(local), plain(remote), std::move(inode)});
  }
  return rows;
}

// Inodes of the sockets that this process holds.
std::set<std::string> own_sockets() {
  constexpr std::string_view prefix = "socket:[";
  std::set<std::string> inodes;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    if (target.starts_with(prefix)) inodes.insert(target.substr(prefix.size(), target.size() - prefix.size() - 1));
  }
  return inodes;
}

std::set<std::string> strangers(std::uint16_t app_port) {
  std::vector<Row> rows = established_in("/proc/net/tcp");
  for (Row& row : established_in("/proc/net/tcp6")) rows.push_back(std::move(row));
  const std::set<std::string> own = own_sockets();
  std::set<std::string> ours;
  for (const Row& row : rows) {
    if (port_of(row.remote) == app_port && own.contains(row.inode)) ours.insert(row.local);
  }
  std::set<std::string> peers;
  for (const Row& row : rows) {
    const bool at_app = port_of(row.local) == app_port && !own.contains(row.inode) && !ours.contains(row.remote);
    if (at_app && peers.size() < peers_max) peers.insert(row.remote);
  }
  return peers;
}

}  // namespace

Bypass::Bypass(WorkerContext& context, std::uint16_t app_port)
    : context_(context), app_port_(app_port), next_(&Bypass::look_due, this) {}

void Bypass::start() {
  if (app_port_ != 0) context_.deadlines.arm(next_, context_.now, look_every);
}

void Bypass::look() {
  context_.deadlines.arm(next_, context_.now, look_every);
  const std::set<std::string> now = strangers(app_port_);
  std::set<std::string> once;
  std::set<std::string> counted;
  for (const std::string& peer : now) {
    const bool known = counted_.contains(peer);
    if (!known && !once_.contains(peer)) {
      once.insert(peer);
      continue;
    }
    if (!known) ++seen_;
    counted.insert(peer);
  }
  once_ = std::move(once);
  counted_ = std::move(counted);
}

}  // namespace holdfast::proxy
