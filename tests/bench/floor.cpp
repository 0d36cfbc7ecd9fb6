// The floor: what moving bytes between two sockets costs when nobody looks at them. bench_floor port=P app=P
//
// One connection to the app for each of a client, raw epoll, level-triggered: recv, send, recv, send per exchange. It
// makes no promise that a proxy makes; every figure of a proxy is told as a multiple of this program's.
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "sockets.h"

namespace holdfast::bench {
namespace {

struct Pair;

struct Side {
  Fd fd;
  Side* peer = nullptr;
  Pair* pair = nullptr;
  std::vector<char> pending;  // what the socket did not take
  std::size_t offset = 0;
};

struct Pair {
  std::array<Side, 2> sides;
  std::size_t place = 0;  // in Relay::pairs_
  bool dead = false;
};

class Relay {
 public:
  Relay(std::uint64_t port, std::uint64_t app) : app_(app), listener_(listen_on(port)) {
    poll_.add(listener_, nullptr, EPOLLIN);
  }

  void turn() {
    const int ready = poll_.wait(events_.data(), static_cast<int>(events_.size()), -1);
    for (int i = 0; i < ready; ++i) handle(events_[static_cast<std::size_t>(i)]);
    buried_.clear();  // no event of this turn points at them any more
  }

 private:
  void handle(const epoll_event& event) {
    if (event.data.ptr == nullptr) {
      accept_all();
      return;
    }
    Side& side = *static_cast<Side*>(event.data.ptr);
    if (!side.pair->dead && (event.events & EPOLLOUT) != 0) writable(side);
    if (!side.pair->dead && (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) readable(side);
  }

  void accept_all() {
    while (Fd client = accept_from(listener_)) {
      auto pair = std::make_unique<Pair>();
      pair->sides[0].fd = std::move(client);
      pair->sides[1].fd = dial(app_);
      for (std::size_t i = 0; i < 2; ++i) {
        Side& side = pair->sides[i];
        side.peer = &pair->sides[1 - i];
        side.pair = pair.get();
        poll_.add(side.fd, &side, EPOLLIN);
      }
      pair->place = pairs_.size();
      pairs_.push_back(std::move(pair));
    }
  }

  void readable(Side& side) {
    while (side.peer->pending.empty()) {
      const ssize_t n = ::recv(side.fd.get(), buffer_.data(), buffer_.size(), 0);
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) return end(*side.pair);
      const auto got = static_cast<std::size_t>(n);
      const ssize_t w = ::send(side.peer->fd.get(), buffer_.data(), got, MSG_NOSIGNAL);
      if (w < 0 && errno != EAGAIN) return end(*side.pair);
      const auto sent = static_cast<std::size_t>(w < 0 ? 0 : w);
      if (sent < got) return hold_back(side, sent, got);
      if (got < buffer_.size()) return;  // drained
    }
  }

  void hold_back(Side& side, std::size_t from, std::size_t to) {
    Side& slow = *side.peer;
    slow.pending.assign(buffer_.data() + from, buffer_.data() + to);
    slow.offset = 0;
    poll_.change(side.fd, &side, 0);
    poll_.change(slow.fd, &slow, EPOLLIN | EPOLLOUT);
  }

  void writable(Side& side) {
    if (side.pending.empty()) return;
    const ssize_t w =
        ::send(side.fd.get(), side.pending.data() + side.offset, side.pending.size() - side.offset, MSG_NOSIGNAL);
    if (w < 0) {
      if (errno != EAGAIN) end(*side.pair);
      return;
    }
    side.offset += static_cast<std::size_t>(w);
    if (side.offset < side.pending.size()) return;
    side.pending = {};
    poll_.change(side.fd, &side, EPOLLIN);
    poll_.change(side.peer->fd, side.peer, EPOLLIN);
  }

  void end(Pair& pair) {
    pair.dead = true;
    for (Side& side : pair.sides) side.fd.reset();
    std::swap(pairs_[pair.place], pairs_.back());
    pairs_[pair.place]->place = pair.place;
    pair.place = 0;
    buried_.push_back(std::move(pairs_.back()));
    pairs_.pop_back();
  }

  std::uint64_t app_;
  Poll poll_;
  Fd listener_;
  std::vector<std::unique_ptr<Pair>> pairs_;
  std::vector<std::unique_ptr<Pair>> buried_;
  std::array<epoll_event, 256> events_{};
  std::array<char, 65536> buffer_{};
};

}  // namespace
}  // namespace holdfast::bench

int main(int count, char** values) {
  using namespace holdfast::bench;
  prepare_process();
  Relay relay(number(text_argument(count, values, "port", "0")), number(text_argument(count, values, "app", "0")));
  for (;;) relay.turn();
}
