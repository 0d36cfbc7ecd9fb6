// Listening sockets: whose a port is, and what becomes of connections that wait when one closes.
#include "net/listener.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include "sockets.h"

namespace holdfast::net {
namespace {

class Accepts final : public Patient, public AcceptUser {
 public:
  Accepts(Loop& loop, std::size_t expected) : Patient(loop), expected_(expected) {}
  void on_accepted(Fd socket, const ClientAddress& peer) noexcept override {
    transports.push_back(tcp_transport(loop_, std::move(socket)));
    from = peer;
    if (transports.size() == expected_) loop_.stop();
  }
  void on_accept_paused(int) noexcept override { ++pauses; }
  std::vector<std::unique_ptr<Transport>> transports;
  ClientAddress from;
  int pauses = 0;

 private:
  std::size_t expected_;
};

// While it lives, the process has used up its descriptors.
class NoDescriptorLeft {
 public:
  NoDescriptorLeft() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    for (int i = 0; i < 32; ++i) taken_.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));  // gaps, too
    const rlimit none{static_cast<rlim_t>(taken_.back().get()) + 1, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptorLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptorLeft(const NoDescriptorLeft&) = delete;
  NoDescriptorLeft& operator=(const NoDescriptorLeft&) = delete;

 private:
  rlimit before_{};
  std::vector<Fd> taken_;
};

// Serves one connection with descriptors to spare; then two more come and there are none. At the first pause it closes
// what it has, and at the third connection it ends the loop.
class OutOfDescriptors final : public Patient, public AcceptUser {
 public:
  OutOfDescriptors(Loop& loop, const SocketAddress& address) : Patient(loop), address_(address) {
    for (Fd& late : late_) late = Fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  }
  void on_accepted(Fd socket, const ClientAddress&) noexcept override {
    sockets_.push_back(std::move(socket));
    if (++accepted == 3) loop_.stop();
  }
  void on_accept_paused(int error) noexcept override {
    CHECK(error == EMFILE);
    if (!accepted_at_pause) accepted_at_pause = accepted;
    sockets_.clear();
  }
  std::optional<int> accepted_at_pause;  // the first one
  int accepted = 0;

 private:
  void at_turn_end() noexcept override {
    if (accepted != 1 || none_) return;
    none_.emplace();
    for (const Fd& late : late_) CHECK(::connect(late.get(), raw(address_), address_.size) == 0);
  }
  SocketAddress address_;
  std::array<Fd, 2> late_;
  std::vector<Fd> sockets_;
  std::optional<NoDescriptorLeft> none_;
};

}  // namespace

TEST_CASE("listener: an address that is in use is an error, also for a group of sockets that would share it") {
  for (const std::size_t ours : {1UL, 3UL}) {
    for (const std::size_t theirs : {1UL, 3UL}) {
      CAPTURE(ours);
      CAPTURE(theirs);
      const auto first = bind_listeners(loopback(), theirs, false);
      REQUIRE(first.has_value());
      CHECK(first.value().sockets.size() == theirs);
      CHECK(first.value().address.port() != 0);
      const auto second = bind_listeners(first.value().address, ours, false);
      REQUIRE(!second.has_value());
      CHECK(second.error() == EADDRINUSE);
    }
  }
}

TEST_CASE("listener: an address is free again once its sockets are closed") {
  auto first = bind_listeners(loopback(), 2, false);
  REQUIRE(first.has_value());
  const Fd left_over = connect_to(first.value().address);
  first.value().sockets.clear();
  CHECK(bind_listeners(first.value().address, 2, false).has_value());
}

TEST_CASE("listener: an address that is not ours is the kernel's error") {
  const auto address = ip_address("192.0.2.1", 0);
  REQUIRE(address.has_value());
  const auto bound = bind_listeners(*address, 1, false);
  REQUIRE(!bound.has_value());
  CHECK(bound.error() == EADDRNOTAVAIL);
}

TEST_CASE("listener: connections are accepted, each with the address it came from") {
  auto bound = bind_listeners(loopback(), 1, false);
  REQUIRE(bound.has_value());
  Loop loop;
  Accepts user(loop, 100);  // more than one turn takes
  Listener listener(loop, std::move(bound.value().sockets.front()), user);
  std::vector<Fd> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(connect_to(bound.value().address));
  loop.run(user);
  CHECK(user.transports.size() == 100);
  CHECK(user.from.view() == "127.0.0.1");
  CHECK(user.pauses == 0);
  CHECK(listener.open());
}

TEST_CASE("listener: out of descriptors accepting pauses and goes on; with a reserve one connection more is served") {
  for (const bool with_reserve : {false, true}) {
    CAPTURE(with_reserve);
    auto bound = bind_listeners(loopback(), 1, false);
    REQUIRE(bound.has_value());
    Loop loop;
    OutOfDescriptors user(loop, bound.value().address);
    Listener listener(loop, std::move(bound.value().sockets.front()), user);
    const Fd first = connect_to(bound.value().address);
    if (with_reserve) {
      listener.keep_reserve();
      listener.keep_reserve();  // nothing more is held back
    }
    loop.run(user);
    CHECK(user.accepted_at_pause == (with_reserve ? 2 : 1));
    CHECK(user.accepted == 3);
  }
}

TEST_CASE("listener: what waits in the backlog is served when it closes, and nothing after that") {
  auto bound = bind_listeners(loopback(), 1, false);
  REQUIRE(bound.has_value());
  Loop loop;
  Accepts user(loop, 5);
  Listener listener(loop, std::move(bound.value().sockets.front()), user);
  std::vector<Fd> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(connect_to(bound.value().address));
  listener.close();
  CHECK(user.transports.size() == 5);
  CHECK(!listener.open());
  CHECK(!connect_to(bound.value().address));
  listener.close();
}

TEST_CASE("socket address: text and address are each other's, and no name is looked up") {
  for (const char* ip : {"127.0.0.1", "0.0.0.0"})
    CHECK(ip_address(ip, 8080).value_or(SocketAddress{}).text() == std::string(ip) + ":8080");
  for (const char* ip : {"::1", "::"})
    CHECK(ip_address(ip, 8080).value_or(SocketAddress{}).text() == "[" + std::string(ip) + "]:8080");
  for (const char* bad : {"", "localhost", "127.1", "1.2.3.4.5", "[::1]", "127.0.0.1:80"}) CHECK(!ip_address(bad, 80));
  CHECK(unix_address("/run/app.sock").value_or(SocketAddress{}).text() == "unix:/run/app.sock");
  CHECK(unix_address("/run/app.sock").value_or(SocketAddress{}).local());
  CHECK(unix_address(std::string(107, 'a')).has_value());
  CHECK(!unix_address(std::string(108, 'a')));
  CHECK(!unix_address(""));
}

}  // namespace holdfast::net
