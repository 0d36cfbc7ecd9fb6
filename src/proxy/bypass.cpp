#include "proxy/bypass.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace holdfast::proxy {
namespace {

constexpr Duration look_every = std::chrono::seconds(5);
constexpr std::size_t lines_max = 20'000;  // a look stays short on a machine with very many sockets
constexpr std::size_t peers_max = 4'096;

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

struct Row {
  std::string local;
  std::string remote;
  std::uint64_t inode = 0;
};

std::string_view next_word(std::string_view& line) noexcept {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

template <class Number>
Number number_of(std::string_view digits, int base) noexcept {
  Number number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  return number;
}

// `0100007F:0BB8` → port 3000.
std::uint16_t port_of(std::string_view address) noexcept {
  return number_of<std::uint16_t>(address.substr(address.rfind(':') + 1), 16);
}

// An IPv4 address in the table of IPv6 looks like one in the table of IPv4.
std::string_view plain(std::string_view address) noexcept {
  constexpr std::string_view mapped = "0000000000000000FFFF0000";
  return address.starts_with(mapped) ? address.substr(mapped.size()) : address;
}

// Established connections from or to that port; the columns are those of proc(5). False when the table has more lines
// than a look takes: then one end of a connection may be missing.
bool add_established(const char* file, std::uint16_t app_port, std::vector<Row>& rows) {
  constexpr int words_before_inode = 5;
  std::ifstream lines(file);
  if (!lines && errno != ENOENT) return false;  // no descriptor left for the look; without IPv6 there is no table of it
  std::string text;
  std::getline(lines, text);  // the heading
  for (std::size_t n = 0; std::getline(lines, text); ++n) {
    if (n == lines_max) return false;
    std::string_view line = text;
    next_word(line);
    const std::string_view local = next_word(line);
    const std::string_view remote = next_word(line);
    if (port_of(local) != app_port && port_of(remote) != app_port) continue;
    if (next_word(line) != "01") continue;
    for (int i = 0; i < words_before_inode; ++i) next_word(line);
    rows.push_back(
        {std::string(plain(local)), std::string(plain(remote)), number_of<std::uint64_t>(next_word(line), 10)});
  }
  return true;
}

// Inodes of the sockets that this process holds, sorted.
std::vector<std::uint64_t> own_sockets() {
  constexpr std::string_view prefix = "socket:[";
  std::vector<std::uint64_t> inodes;
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir("/proc/self/fd"));
  if (!directory) return inodes;
  std::array<char, 64> text{};
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own
  while (const dirent* entry = ::readdir(directory.get())) {
    const ssize_t size =
        ::readlinkat(::dirfd(directory.get()), static_cast<const char*>(entry->d_name), text.data(), text.size());
    const std::string_view target(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    if (target.starts_with(prefix)) inodes.push_back(number_of<std::uint64_t>(target.substr(prefix.size()), 10));
  }
  std::sort(inodes.begin(), inodes.end());
  return inodes;
}

// Nothing when this look does not show everything: our own connections would look like those of strangers.
std::optional<std::set<std::string>> strangers(std::uint16_t app_port) {
  std::vector<Row> rows;
  if (!add_established("/proc/net/tcp", app_port, rows) || !add_established("/proc/net/tcp6", app_port, rows))
    return std::nullopt;
  std::set<std::string> peers;
  if (rows.empty()) return peers;
  const std::vector<std::uint64_t> own = own_sockets();
  if (own.empty()) return std::nullopt;  // we listen, so there are some: no descriptor was left for the look
  const auto is_own = [&own](const Row& row) { return std::binary_search(own.begin(), own.end(), row.inode); };
  std::set<std::string_view> ours;
  for (const Row& row : rows) {
    if (port_of(row.remote) == app_port && is_own(row)) ours.insert(row.local);
  }
  for (const Row& row : rows) {
    const bool at_app = port_of(row.local) == app_port && !is_own(row) && !ours.contains(row.remote);
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
  const std::optional<std::set<std::string>> now = strangers(app_port_);
  if (!now) return;
  std::set<std::string> once;
  std::set<std::string> counted;
  for (const std::string& peer : *now) {
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
