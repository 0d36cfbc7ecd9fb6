// Sockets of loopback as transports: what their user is told, once, and without a loop that spins.
#include "net/tcp.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "sockets.h"

namespace holdfast::net {
namespace {

constexpr Duration a_while = std::chrono::milliseconds(150);
constexpr int few_turns = 40;  // one in 20 ms, and what happened; a loop that spins makes thousands

// Stops its loop once a hangup was told, and a moment later, so that a second one would be seen.
class WaitsForHangup final : public Watcher {
 public:
  using Watcher::Watcher;

 private:
  void at_turn_end() noexcept override {
    if (hangups > 0) ++quiet_turns_;
    if (quiet_turns_ == 5) loop_.stop();
  }
  int quiet_turns_ = 0;
};

class Silent final : public Watcher {
 public:
  using Watcher::Watcher;
};

}  // namespace

TEST_CASE("tcp: a peer that closes or resets while reading is paused is told once, and nothing spins") {
  for (const bool reset : {false, true}) {
    CAPTURE(reset);
    Loop loop;
    Connected pair(loop);
    REQUIRE(pair.transport);
    WaitsForHangup user(loop);
    pair.transport->attach(user);
    pair.transport->want_read(false);
    reset ? pair.peer_resets() : pair.peer.reset();
    loop.run(user);
    CHECK(user.hangups == 1);
    CHECK(user.readables == 0);
    CHECK(user.turns < few_turns);
    char byte = 0;
    CHECK(pair.transport->read(&byte, 1).state == (reset ? Io::State::lost : Io::State::end));
  }
}

TEST_CASE("tcp: bytes that nobody wants now are kept, do not spin, and do not hide the close behind them") {
  Loop loop;
  Connected pair(loop);
  REQUIRE(pair.transport);
  Silent before(loop, a_while);
  pair.transport->attach(before);
  pair.transport->want_read(false);
  pair.peer_sends("abc");
  loop.run(before);
  CHECK(before.hangups == 0);
  CHECK(before.readables == 0);
  CHECK(before.turns < few_turns);

  Loop other;
  Connected again(other);
  REQUIRE(again.transport);
  WaitsForHangup after(other);
  again.transport->attach(after);
  again.transport->want_read(false);
  again.peer_sends("abc");
  again.peer.reset();
  other.run(after);
  CHECK(after.hangups == 1);
  CHECK(after.turns < few_turns);
  std::string bytes(8, '\0');
  const Io io = again.transport->read(bytes.data(), bytes.size());
  CHECK(io.bytes == 3);
  CHECK(bytes.starts_with("abc"));
  CHECK(again.transport->read(bytes.data(), bytes.size()).state == Io::State::end);
}

TEST_CASE("tcp: reading that is wanted again is told of what came meanwhile") {
  class Resumes final : public Watcher {
   public:
    Resumes(Loop& loop, Transport& transport) : Watcher(loop), transport_(transport) {}
    void on_readable() noexcept override {
      Watcher::on_readable();
      char byte = 0;
      if (transport_.read(&byte, 1).state == Io::State::end) loop_.stop();
    }

   private:
    void at_turn_end() noexcept override {
      if (turns == 4) transport_.want_read(true);
    }
    Transport& transport_;
  };
  Loop loop;
  Connected pair(loop);
  REQUIRE(pair.transport);
  Resumes user(loop, *pair.transport);
  pair.transport->attach(user);
  pair.transport->want_read(false);
  pair.peer_sends("abcde");
  pair.peer_ends();
  loop.run(user);
  CHECK(user.readables == 6);  // a byte at a time, then the end
  CHECK(user.hangups == 1);
}

TEST_CASE("tcp: one byte a read is enough to read everything, in order") {
  class Reads final : public Watcher {
   public:
    Reads(Loop& loop, Transport& transport) : Watcher(loop), transport_(transport) {}
    void on_readable() noexcept override {
      Watcher::on_readable();
      char byte = 0;
      const Io io = transport_.read(&byte, 1);
      if (io.state == Io::State::ok) got += byte;
      if (io.state == Io::State::end || io.state == Io::State::lost) loop_.stop();
    }
    std::string got;

   private:
    Transport& transport_;
  };
  Loop loop;
  Connected pair(loop);
  REQUIRE(pair.transport);
  CHECK(!pair.transport->readable_now());
  char byte = 0;
  CHECK(pair.transport->read(&byte, 1).state == Io::State::blocked);
  Reads user(loop, *pair.transport);
  pair.transport->attach(user);
  pair.peer_sends("hello world");
  REQUIRE(pair.sent_all);
  CHECK(pair.transport->readable_now());
  pair.peer_ends();
  loop.run(user);
  CHECK(user.got == "hello world");
  CHECK(user.readables == 12);
  CHECK(pair.transport->readable_now());  // the end counts
}

namespace {

// Lets the peer take what was sent, from the third turn on; stops once it is worth writing again.
class PeerReadsLate final : public Watcher {
 public:
  PeerReadsLate(Loop& loop, Connected& pair) : Watcher(loop), pair_(pair) {}
  void on_writable() noexcept override {
    Watcher::on_writable();
    pair_.transport->want_write(false);
  }
  std::size_t drained = 0;
  int writables_before = 0;

 private:
  void at_turn_end() noexcept override {
    if (turns == 4) writables_before = writables;
    if (turns >= 4) drained += pair_.drain();
    if (writables > 0) ++turns_after_;
    if (turns_after_ == 5) loop_.stop();
  }
  Connected& pair_;
  int turns_after_ = 0;
};

}  // namespace

TEST_CASE("tcp: a write that is blocked goes on once the peer has read, whether we read or not") {
  for (const bool reading : {true, false}) {
    CAPTURE(reading);
    Loop loop;
    Connected pair(loop);
    REQUIRE(pair.transport);
    PeerReadsLate user(loop, pair);
    pair.transport->attach(user);
    const std::size_t sent = pair.fill();
    CHECK(sent > 0);
    pair.transport->want_write(true);
    pair.transport->want_read(reading);
    loop.run(user);
    CHECK(user.writables_before == 0);
    CHECK(user.writables == 1);
    CHECK(user.drained == sent);
    CHECK(user.hangups == 0);
    CHECK(pair.fill() > 0);
  }
}

TEST_CASE("tcp: while a write is blocked and reading is paused, a reset is told once, and nothing spins") {
  for (const bool write_first : {true, false}) {  // the order in which both are asked for
    CAPTURE(write_first);
    Loop loop;
    Connected pair(loop);
    REQUIRE(pair.transport);
    WaitsForHangup user(loop);
    pair.transport->attach(user);
    pair.fill();
    if (write_first) pair.transport->want_write(true);
    pair.transport->want_read(false);
    if (!write_first) pair.transport->want_write(true);
    pair.peer_resets();
    loop.run(user);
    CHECK(user.hangups == 1);
    CHECK(user.readables == 0);
    CHECK(user.turns < few_turns);
    CHECK(pair.fill() == 0);
  }
}

TEST_CASE(
    "tcp: while a write is blocked and reading is paused, the peer's end is told once, and writing still goes on") {
  Loop loop;
  Connected pair(loop);
  REQUIRE(pair.transport);
  PeerReadsLate user(loop, pair);
  pair.transport->attach(user);
  const std::size_t sent = pair.fill();
  pair.transport->want_write(true);
  pair.transport->want_read(false);
  pair.peer_ends();
  loop.run(user);
  CHECK(user.hangups == 1);
  CHECK(user.writables == 1);
  CHECK(user.drained == sent);
  CHECK(user.turns < few_turns);
  pair.transport->want_read(true);
  char byte = 0;
  CHECK(pair.transport->read(&byte, 1).state == Io::State::end);
}

TEST_CASE("tcp: the end of our sending side, and a reset, reach the peer") {
  Loop loop;
  Connected pair(loop);
  REQUIRE(pair.transport);
  Silent user(loop);
  pair.transport->attach(user);
  char byte = 0;
  pair.transport->shutdown_write();
  CHECK(::recv(pair.peer.get(), &byte, 1, 0) == 0);
  pair.transport->reset_on_close();
  pair.transport.reset();
  const ssize_t sent = ::send(pair.peer.get(), "x", 1, MSG_NOSIGNAL);
  CHECK(sent == -1);
}

namespace {

class Dials final : public Patient, public DialUser {
 public:
  using Patient::Patient;
  void on_connected(std::unique_ptr<Transport> opened) noexcept override {
    transport = std::move(opened);
    loop_.stop();
  }
  void on_dial_failed(int with) noexcept override {
    error = with;
    loop_.stop();
  }
  std::unique_ptr<Transport> transport;
  int error = 0;
};

}  // namespace

TEST_CASE("tcp: dialling gives a transport, or the kernel's error, and a dial that was given up gives nothing") {
  auto bound = bind_listeners(loopback(), 1, false);
  REQUIRE(bound.has_value());
  const SocketAddress address = bound.value().address;
  {
    Loop loop;
    Dials user(loop);
    TcpConnector connector(loop, address);
    const std::unique_ptr<Dial> dial = connector.dial(user);
    CHECK(!user.transport);  // never from inside the call
    loop.run(user);
    CHECK(user.transport);
    CHECK(user.error == 0);
  }
  {
    Loop loop;
    Dials user(loop, a_while);
    TcpConnector connector(loop, address);
    connector.dial(user).reset();
    loop.run(user);
    CHECK(!user.transport);
    CHECK(user.error == 0);
  }
  bound.value().sockets.clear();
  Loop loop;
  Dials user(loop);
  TcpConnector connector(loop, address);
  const std::unique_ptr<Dial> dial = connector.dial(user);
  CHECK(user.error == 0);
  loop.run(user);
  CHECK(user.error == ECONNREFUSED);
}

}  // namespace holdfast::net
