// Sockets of loopback as transports.
#include "net/tcp.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include "net/listener.h"

namespace holdfast::net {
namespace {

// Runs a loop until the peer's end was told, or for 200 ms.
class Watcher final : public TurnUser, public TransportUser {
 public:
  explicit Watcher(Loop& loop) noexcept : loop_(loop) {}
  void time_passes(TimePoint now, WallTime) noexcept override { now_ = now; }
  void turn_ends() noexcept override {
    ++turns;
    if (steady_now() - begin_ > std::chrono::milliseconds(200)) loop_.stop();
  }
  std::optional<TimePoint> next_deadline() noexcept override { return now_ + std::chrono::milliseconds(20); }
  void on_readable() noexcept override {}
  void on_writable() noexcept override {}
  void on_hangup() noexcept override {
    ++hangups;
    loop_.stop();
  }
  int turns = 0;
  int hangups = 0;

 private:
  Loop& loop_;
  TimePoint now_{};
  TimePoint begin_ = steady_now();
};

}  // namespace

TEST_CASE("tcp: a peer that closes or resets while reading is paused is told once, and nothing spins") {
  for (const bool reset : {false, true}) {
    CAPTURE(reset);
    const auto address = ip_address("127.0.0.1", 0);
    REQUIRE(address.has_value());
    auto bound = bind_listeners(*address, 1, false);
    REQUIRE(bound.has_value());
    Fd peer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const SocketAddress& to = bound.value().address;
    REQUIRE(::connect(peer.get(), static_cast<const sockaddr*>(static_cast<const void*>(&to.storage)), to.size) == 0);
    Fd accepted(::accept4(bound.value().sockets[0].get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    REQUIRE(accepted);
    Loop loop;
    Watcher watcher(loop);
    auto transport = tcp_transport(loop, std::move(accepted));
    transport->attach(watcher);
    transport->want_read(false);
    const linger at_once{1, 0};
    if (reset) ::setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    peer.reset();
    loop.run(watcher);
    CHECK(watcher.hangups == 1);
    CHECK(watcher.turns < 50);
    char byte = 0;
    CHECK(transport->read(&byte, 1).state == (reset ? Io::State::lost : Io::State::end));  // a reset is no orderly end
  }
}

}  // namespace holdfast::net
