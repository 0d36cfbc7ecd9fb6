#include "backend/fault_player.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <string>
#include <utility>
#include <variant>

namespace users {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t piece_bytes = std::size_t{64} << 10U;
constexpr milliseconds rate_tick{50};

using namespace std::string_view_literals;
constexpr auto not_http = "\x16\x03\x01\x00\xff not HTTP at all\r\n\0\xfe\xff\r\n\r\n"sv;

// a…z over and over: a client can check each byte by its position.
constexpr std::size_t alphabet = 26;
constexpr auto pattern = [] {
  std::array<char, piece_bytes + alphabet> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>('a' + i % alphabet);
  return bytes;
}();

// `size` bytes of the content of /big from `offset`, without copying.
Buffer piece_of(std::uint64_t offset, std::size_t size) {
  Buffer buffer(evbuffer_new());
  evbuffer_add_reference(buffer.get(), pattern.data() + offset % alphabet, size, nullptr, nullptr);
  return buffer;
}

// Each of these ends the answer in the same turn as its last piece, so that no client is gone before the end.
void send_at_full_speed(Exchange& exchange, const Big& big, std::uint64_t sent) {
  const std::uint64_t left = big.bytes - sent;
  if (left <= piece_bytes) {
    exchange.send(piece_of(sent, left).get());
    return exchange.end();
  }
  const Buffer piece = piece_of(sent, piece_bytes);
  const std::uint64_t next = sent + piece_bytes;
  exchange.send_then(piece.get(), [&exchange, big, next] { send_at_full_speed(exchange, big, next); });
}

void send_at_rate(Exchange& exchange, const Big& big, std::uint64_t sent) {
  const std::uint64_t share = std::max<std::uint64_t>(1, big.bytes_per_second * rate_tick.count() / 1000);
  const bool client_is_slower = exchange.unsent() > 0 && sent > 0;
  const std::uint64_t size = client_is_slower ? 0 : std::min({share, big.bytes - sent, std::uint64_t{piece_bytes}});
  exchange.send(piece_of(sent, size).get());
  const std::uint64_t next = sent + size;
  if (next == big.bytes) return exchange.end();
  exchange.after(rate_tick, [&exchange, big, next] { send_at_rate(exchange, big, next); });
}

void send_events(Exchange& exchange, const Events& events, std::uint64_t sent) {
  if (sent == events.count) return exchange.end();
  const std::string text = "data: {\"n\":" + std::to_string(sent + 1) + "}\n\n";
  const Buffer buffer(evbuffer_new());
  evbuffer_add(buffer.get(), text.data(), text.size());
  exchange.send(buffer.get());
  if (sent + 1 == events.count) return exchange.end();
  exchange.after(events.interval, [&exchange, events, next = sent + 1] { send_events(exchange, events, next); });
}

struct Player {
  Exchange& exchange;

  void operator()(const Crash&) const { std::raise(SIGSEGV); }
  void operator()(const Hang&) const { exchange.hang(); }

  // The next two free the connection, so they wait until evhttp has left its read callback.
  void operator()(const Reset&) const {
    exchange.after(milliseconds(0), [&to = exchange] { to.abort_connection(); });
  }
  void operator()(const Garbage&) const {
    exchange.after(milliseconds(0), [&to = exchange] { to.send_raw(not_http); });
  }

  void operator()(const Slow& slow) const {
    exchange.watch_client();
    exchange.after(slow.wait, [&to = exchange] { to.reply({200, "text/plain", "slow", {}}); });
  }

  void operator()(const Big& big) const {
    Reply head{200, "application/octet-stream", "", {}};
    if (!big.chunked) head.fields.push_back({"Content-Length", std::to_string(big.bytes)});
    exchange.start(head);
    if (exchange.request().method == "HEAD") return exchange.end();
    if (big.bytes_per_second == 0) return send_at_full_speed(exchange, big, 0);
    exchange.watch_client();
    send_at_rate(exchange, big, 0);
  }

  void operator()(const Events& events) const {
    exchange.start({200, "text/event-stream", "", {{"Cache-Control", "no-store"}}});
    if (exchange.request().method == "HEAD") return exchange.end();
    exchange.watch_client();
    send_events(exchange, events, 0);
  }
};

}  // namespace

void play(const Fault& fault, Exchange& exchange) { std::visit(Player{exchange}, fault); }

}  // namespace users
