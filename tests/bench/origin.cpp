// The app behind every proxy that is measured: bench_origin port=P
//
// GET /N answers 200 with N bytes; any request's content is read and forgotten before the answer. It trusts its peer: a
// chunked content ends at an empty line, which no content that is sent here has, and requests are not pipelined.
#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "sockets.h"

namespace holdfast::bench {
namespace {

constexpr std::string_view end_of_head = "\r\n\r\n";

struct Connection {
  Fd fd;
  std::string kept;             // the beginning of a head, or the last bytes of chunked content
  std::uint64_t remaining = 0;  // of the content
  bool chunked = false;
  bool in_content = false;
  bool closes = false;
  bool watches_room = false;
  const std::string* answer = nullptr;
  std::size_t sent = 0;
};

class Origin {
 public:
  explicit Origin(std::uint64_t port) : listener_(listen_on(port)) { poll_.add(listener_, nullptr, EPOLLIN); }

  void turn() {
    const int ready = poll_.wait(events_.data(), static_cast<int>(events_.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events_[static_cast<std::size_t>(i)];
      if (event.data.ptr == nullptr) {
        accept_all();
        continue;
      }
      Connection& connection = *static_cast<Connection*>(event.data.ptr);
      const bool alive = (event.events & EPOLLOUT) != 0 ? resume(connection) : receive(connection);
      if (!alive) connections_.erase(&connection);
    }
  }

 private:
  void accept_all() {
    while (Fd fd = accept_from(listener_)) {
      auto connection = std::make_unique<Connection>();
      connection->fd = std::move(fd);
      poll_.add(connection->fd, connection.get(), EPOLLIN);
      connections_.emplace(connection.get(), std::move(connection));
    }
  }

  bool receive(Connection& c) {
    const ssize_t n = ::recv(c.fd.get(), buffer_.data(), buffer_.size(), 0);
    if (n <= 0) return n < 0 && errno == EAGAIN;
    const std::string_view got(buffer_.data(), static_cast<std::size_t>(n));
    return c.in_content ? take_content(c, got) : take_head(c, got);
  }

  bool take_head(Connection& c, std::string_view got) {
    std::string_view text = got;
    if (!c.kept.empty()) text = c.kept.append(got);
    const std::size_t end = text.find(end_of_head);
    if (end == std::string_view::npos) {
      if (c.kept.empty()) c.kept = got;
      return true;
    }
    const std::string_view head = text.substr(0, end + end_of_head.size());
    c.answer = &answer_to(head);
    c.closes = contains(head, "connection: close");
    c.chunked = contains(head, "transfer-encoding: chunked");
    c.remaining = head.starts_with("GET ") ? 0 : content_length(head);
    const std::string content(text.substr(head.size()));  // empty but for uploads
    c.kept.clear();
    c.in_content = c.chunked || c.remaining > 0;
    if (c.in_content) return take_content(c, content);
    return resume(c);
  }

  bool take_content(Connection& c, std::string_view got) {
    if (c.chunked) {
      c.kept.append(got.substr(got.size() < 4 ? 0 : got.size() - 4));
      if (c.kept.size() > 64) c.kept.erase(0, c.kept.size() - 4);
      if (!c.kept.ends_with(end_of_head)) return true;
    } else {
      c.remaining -= std::min<std::uint64_t>(c.remaining, got.size());
      if (c.remaining > 0) return true;
    }
    c.in_content = false;
    c.kept.clear();
    return resume(c);
  }

  bool resume(Connection& c) {
    while (c.sent < c.answer->size()) {
      const ssize_t w = ::send(c.fd.get(), c.answer->data() + c.sent, c.answer->size() - c.sent, MSG_NOSIGNAL);
      if (w < 0) {
        if (errno == EAGAIN) watch_room(c, true);
        return errno == EAGAIN;
      }
      c.sent += static_cast<std::size_t>(w);
    }
    c.sent = 0;
    watch_room(c, false);
    return !c.closes;
  }

  void watch_room(Connection& c, bool wanted) {
    if (c.watches_room == wanted) return;
    c.watches_room = wanted;
    poll_.change(c.fd, &c, wanted ? EPOLLOUT : EPOLLIN);
  }

  static bool contains(std::string_view head, std::string_view lower) {
    // A name and value of ours, as any proxy may write them: the first letter of each word may be a capital.
    for (std::size_t line = head.find('\n'); line != std::string_view::npos; line = head.find('\n', line + 1)) {
      const std::string_view rest = head.substr(line + 1);
      if (rest.size() < lower.size()) return false;
      std::size_t i = 0;
      while (i < lower.size() && (rest[i] == lower[i] || (rest[i] | 0x20) == lower[i])) ++i;
      if (i == lower.size()) return true;
    }
    return false;
  }

  static std::uint64_t content_length(std::string_view head) {
    for (const std::string_view name : {"Content-Length: ", "content-length: "}) {
      const std::size_t at = head.find(name);
      if (at != std::string_view::npos) return number(head.substr(at + name.size(), 20));
    }
    return 0;
  }

  const std::string& answer_to(std::string_view head) {
    const std::size_t slash = head.find(" /");
    const std::uint64_t size = std::min<std::uint64_t>(number(head.substr(slash + 2, 8)), 16U << 20U);
    std::string& answer = answers_[size];
    if (answer.empty()) {
      answer =
          "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 03:00:00 GMT\r\nServer: origin\r\n"
          "Content-Type: application/octet-stream\r\nCache-Control: no-store\r\nETag: \"5f3c-1a2b3c4d5e6f\"\r\n"
          "Vary: Accept-Encoding\r\nContent-Length: " +
          std::to_string(size) + "\r\n\r\n" + std::string(size, 'a');
    }
    return answer;
  }

  Poll poll_;
  Fd listener_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::map<std::uint64_t, std::string> answers_;
  std::array<epoll_event, 256> events_{};
  std::array<char, 262144> buffer_{};
};

}  // namespace
}  // namespace holdfast::bench

int main(int count, char** values) {
  using namespace holdfast::bench;
  prepare_process();
  Origin origin(number(text_argument(count, values, "port", "0")));
  for (;;) origin.turn();
}
