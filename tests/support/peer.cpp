// The test's end of a connection in memory, and words about the bytes it received.
#include <charconv>

#include "scenario.h"

namespace holdfast::testing {

Peer& Peer::send(std::string_view bytes) {
  link_->to_proxy.append(bytes);
  scenario_.run();
  return *this;
}
Peer& Peer::finish() {
  link_->fin = true;
  scenario_.run();
  return *this;
}
Peer& Peer::close() {
  link_->fin = link_->gone = true;
  scenario_.run();
  return *this;
}
Peer& Peer::reset() {
  link_->reset = true;
  scenario_.run();
  return *this;
}
Peer& Peer::hold(std::size_t room) {
  holding_ = true;
  link_->room = room;
  return *this;
}
std::string Peer::read(std::size_t most) {
  std::string bytes = link_->from_proxy.substr(0, most);
  link_->from_proxy.erase(0, bytes.size());
  received_.append(bytes);
  scenario_.run();
  return bytes;
}
Peer& Peer::release() {
  holding_ = false;
  link_->room = SIZE_MAX;
  received_.append(std::exchange(link_->from_proxy, {}));
  scenario_.run();
  return *this;
}
const std::string& Peer::received() {
  scenario_.run();
  return received_;
}
std::string Peer::take() {
  scenario_.run();
  return std::exchange(received_, {});
}

int status_of(std::string_view bytes) {
  if (!bytes.starts_with("HTTP/1.1 ") || bytes.size() < 12) return 0;
  int status = 0;
  std::from_chars(bytes.data() + 9, bytes.data() + 12, status);
  return status;
}

std::string body_of(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  return end == std::string_view::npos ? std::string() : std::string(bytes.substr(end + 4));
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

std::string in_line(std::string_view line, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":";
  std::size_t at = line.find(key);
  if (at == std::string_view::npos) return {};
  at += key.size();
  if (line[at] == '"') return std::string(line.substr(at + 1, line.find('"', at + 1) - at - 1));
  return std::string(line.substr(at, line.find_first_of(",}", at) - at));
}

std::string pattern(std::size_t size) {
  std::string text;
  text.reserve(size + 8);
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ".";
  text.resize(size);
  return text;
}

std::string unchunked(std::string_view body) {
  std::string content;
  for (;;) {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), size, 16);
    const auto digits = static_cast<std::size_t>(end - body.data());
    if (error != std::errc() || body.substr(digits, 2) != "\r\n") break;
    body.remove_prefix(digits + 2);
    if (size == 0) return content;
    if (body.size() < size + 2 || body.substr(size, 2) != "\r\n") break;
    content.append(body.substr(0, size));
    body.remove_prefix(size + 2);
  }
  FAIL_CHECK("not a complete chunked body");
  return {};
}

}  // namespace holdfast::testing
