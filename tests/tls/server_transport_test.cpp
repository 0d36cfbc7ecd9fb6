// TLS as a transport: versions, bytes that wait inside, writes that do not fit, ends of every kind. No socket, no
// clock.
#include <doctest/doctest.h>

#include <array>

#include "conversation.h"

namespace holdfast::tls::testing {
namespace {

using net::Io;

iovec part_of(std::string& text) { return {text.data(), text.size()}; }

// Ends a loop after some turns.
class Turns final : public net::TurnUser {
 public:
  Turns(net::Loop& loop, int most) noexcept : loop_(loop), most_(most) {}
  void time_passes(TimePoint now, WallTime) noexcept override { now_ = now; }
  void turn_ends() noexcept override {
    if (++turns > most_) loop_.stop();
  }
  std::optional<TimePoint> next_deadline() noexcept override { return now_ + std::chrono::milliseconds(1); }
  int turns = 0;

 private:
  net::Loop& loop_;
  int most_;
  TimePoint now_{};
};

}  // namespace

TEST_CASE("tls: 1.2 and 1.3 are spoken, and bytes arrive both ways") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    Conversation talk(version, version);
    talk.client.settle(talk.link);
    CHECK(talk.reader.handshakes == 1);
    CHECK(talk.reader.handshake_fault.empty());
    CHECK(SSL_version(talk.client.ssl()) == version);
    talk.client.send("ping");
    talk.client.settle(talk.link);
    CHECK(talk.reader.got == "ping");
    std::string head = "po";
    std::string rest = "ng";
    const std::array parts{part_of(head), part_of(rest)};
    const Io io = talk.transport->write(parts);
    CHECK(io.state == Io::State::ok);
    CHECK(io.bytes == 4);
    talk.client.settle(talk.link);
    CHECK(talk.client.receive() == "pong");
    CHECK(SSL_session_reused(talk.client.ssl()) == 0);
    CHECK(SSL_SESSION_has_ticket(SSL_get_session(talk.client.ssl())) == 0);
  }
}

TEST_CASE("tls: what is older than 1.2 is refused, and the reason is told") {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    Conversation talk(version, version);
    talk.client.settle(talk.link);
    CHECK(talk.reader.handshakes == 1);
    CHECK(talk.reader.handshake_fault == "unsupported protocol");
    CHECK(talk.reader.lost);
  }
}

TEST_CASE("tls: a handshake and content that come byte by byte come all the same") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Conversation talk(version, version);
    talk.link.step = 1;
    talk.client.settle(talk.link, 1);
    CHECK(talk.reader.handshakes == 1);
    talk.client.send("slow, but here");
    talk.client.settle(talk.link, 1);
    CHECK(talk.reader.got == "slow, but here");
  }
}

TEST_CASE("tls: bytes that are no TLS are refused") {
  Conversation talk;
  talk.link.to_proxy = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
  talk.link.user->on_readable();
  CHECK(talk.reader.handshake_fault == "http request");
  CHECK(talk.reader.lost);
  Conversation noise;
  noise.link.to_proxy = std::string(200, '\x80');
  noise.link.user->on_readable();
  CHECK(!noise.reader.handshake_fault.empty());
  CHECK(noise.reader.lost);
}

TEST_CASE("tls: a client that leaves inside the handshake is told once") {
  Conversation talk;
  talk.client.exchange(talk.link);
  talk.link.fin = true;
  talk.link.user->on_readable();
  CHECK(talk.reader.handshakes == 1);
  CHECK(!talk.reader.handshake_fault.empty());
  CHECK(talk.reader.lost);
}

TEST_CASE("tls: decrypted bytes that wait inside are told again by the loop, one turn after the other") {
  Conversation talk;
  talk.client.settle(talk.link);
  talk.reader.room = 1000;
  talk.client.send(std::string(10'000, 'x'));
  talk.client.settle(talk.link);
  CHECK(talk.reader.got.size() == 1000);  // the descriptor is silent from here on
  Turns turns(talk.loop, 30);
  talk.loop.run(turns);
  CHECK(talk.reader.got.size() == 10'000);
}

TEST_CASE("tls: bytes that wait inside and are not wanted are told when they are wanted again") {
  Conversation talk;
  talk.client.settle(talk.link);
  talk.reader.room = 1000;
  talk.client.send(std::string(5000, 'x'));
  talk.client.settle(talk.link);
  talk.transport->want_read(false);
  CHECK(talk.transport->readable_now());
  talk.link.user->on_readable();  // what a descriptor might tell all the same
  CHECK(talk.reader.got.size() == 1000);
  talk.transport->want_read(true);
  Turns turns(talk.loop, 30);
  talk.loop.run(turns);
  CHECK(talk.reader.got.size() == 5000);
}

TEST_CASE("tls: a write that does not fit is blocked, kept, and goes on with the same bytes") {
  Conversation talk;
  talk.client.settle(talk.link);
  std::string sent;
  for (std::size_t i = 0; sent.size() < 100'000; ++i) sent += std::to_string(i) + ",";
  talk.link.room = 5000;
  std::string received;
  std::size_t at = 0;
  int blocked = 0;
  for (int i = 0; i < 10'000 && at < sent.size(); ++i) {
    std::string first = sent.substr(at, 1 + at % 3000);  // other parts at each try, the same bytes
    std::string second = sent.substr(std::min(at + first.size(), sent.size()), 20'000);
    const std::array parts{part_of(first), part_of(second)};
    const Io io = talk.transport->write(parts);
    REQUIRE((io.state == Io::State::ok || io.state == Io::State::blocked));
    at += io.bytes;
    if (io.state == Io::State::blocked) {
      ++blocked;
      talk.transport->want_write(true);
      CHECK(talk.link.want_write);
    }
    talk.client.settle(talk.link);
    talk.transport->want_write(false);
    received += talk.client.receive();
  }
  CHECK(blocked > 0);
  CHECK(received == sent);
}

TEST_CASE("tls: the end of either side is told in order") {
  Conversation talk;
  talk.client.settle(talk.link);
  talk.client.send("last");
  SSL_shutdown(talk.client.ssl());
  while (talk.client.exchange(talk.link)) {
  }
  talk.reader.on_readable();
  CHECK(talk.reader.got == "last");
  CHECK(talk.reader.ended);
  CHECK(!talk.reader.lost);

  Conversation other;
  other.client.settle(other.link);
  other.transport->shutdown_write();
  CHECK(other.link.proxy_fin);
  other.client.settle(other.link);
  other.client.receive();
  CHECK(other.client.last_error == SSL_ERROR_ZERO_RETURN);
}

TEST_CASE("tls: a connection that is cut without a goodbye is lost, not ended") {
  for (const bool reset : {false, true}) {
    Conversation talk;
    talk.client.settle(talk.link);
    (reset ? talk.link.reset : talk.link.fin) = true;
    talk.link.user->on_readable();
    CHECK(talk.reader.lost);
    CHECK(!talk.reader.ended);
    std::string text = "x";
    const iovec part = part_of(text);
    CHECK(talk.transport->write({&part, 1}).state == Io::State::lost);
  }
}

TEST_CASE("tls: a destroyed transport says goodbye, one that resets does not") {
  Conversation talk;
  talk.client.settle(talk.link);
  talk.transport.reset();
  CHECK(!talk.link.from_proxy.empty());
  CHECK(talk.link.proxy_closed);
  Conversation cut;
  cut.client.settle(cut.link);
  cut.transport->reset_on_close();
  cut.transport.reset();
  CHECK(cut.link.from_proxy.empty());
  CHECK(cut.link.proxy_reset);
}

TEST_CASE("tls: renegotiation is refused and does not hurt") {
  Conversation talk(TLS1_2_VERSION, TLS1_2_VERSION);
  talk.client.settle(talk.link);
  SSL_renegotiate(talk.client.ssl());
  SSL_do_handshake(talk.client.ssl());  // asks for it
  talk.client.put_all(talk.link);
  talk.link.user->on_readable();
  CHECK(!talk.reader.lost);
  std::string text = "still here";
  const iovec part = part_of(text);
  CHECK(talk.transport->write({&part, 1}).bytes == text.size());
  const std::string& answer = talk.link.from_proxy;
  BIO_write(SSL_get_rbio(talk.client.ssl()), answer.data(), static_cast<int>(answer.size()));
  ERR_clear_error();
  CHECK(SSL_do_handshake(talk.client.ssl()) != 1);
  CHECK(ERR_GET_REASON(ERR_peek_error()) == SSL_R_NO_RENEGOTIATION);  // the client heard the refusal
  ERR_clear_error();
}

TEST_CASE("tls: a client that changes its keys is read on") {
  Conversation talk(TLS1_3_VERSION, TLS1_3_VERSION);
  talk.client.settle(talk.link);
  SSL_key_update(talk.client.ssl(), SSL_KEY_UPDATE_REQUESTED);
  talk.client.send("after");
  talk.client.settle(talk.link);
  talk.reader.on_readable();
  CHECK(talk.reader.got == "after");
  CHECK(!talk.reader.lost);
}

}  // namespace holdfast::tls::testing
