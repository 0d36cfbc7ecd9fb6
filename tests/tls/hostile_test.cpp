// TLS from clients that mean harm: what one call does is bounded, and what waits does not spin.
#include <doctest/doctest.h>

#include "conversation.h"
#include "sealed.h"

namespace holdfast::tls::testing {
namespace {

constexpr std::uint64_t most_reads_of_a_call = 20;

// Tells of what has come as a level-triggered event would, once a turn. The most reads of one turn.
std::uint64_t turns(Conversation& talk, int count) {
  std::uint64_t most = 0;
  for (int i = 0; i < count && talk.link.want_read && talk.link.readable(); ++i) {
    const std::uint64_t before = talk.link.reads;
    talk.link.user->on_readable();
    most = std::max(most, talk.link.reads - before);
  }
  return most;
}

void update_keys(Conversation& talk, int type) {
  CHECK(SSL_key_update(talk.client.ssl(), type) == 1);
  CHECK(SSL_do_handshake(talk.client.ssl()) == 1);
}

// The records of `bytes` cut into records of one byte each.
std::string in_single_bytes(const std::string& bytes) {
  std::string cut;
  for (std::size_t at = 0; at + 5 < bytes.size();) {
    const std::size_t size =
        static_cast<unsigned char>(bytes[at + 3]) * 256U + static_cast<unsigned char>(bytes[at + 4]);
    for (std::size_t i = 0; i < size; ++i)
      cut += bytes.substr(at, 3) + std::string("\0\1", 2) + bytes.substr(at + 5 + i, 1);
    at += 5 + size;
  }
  return cut;
}

}  // namespace

TEST_CASE("tls: of a thousand key updates one turn reads a few, and the content behind them comes") {
  Conversation talk(TLS1_3_VERSION, TLS1_3_VERSION);
  talk.client.settle(talk.link);
  for (int i = 0; i < 1000; ++i) update_keys(talk, SSL_KEY_UPDATE_NOT_REQUESTED);
  talk.client.send("after");
  talk.client.put_all(talk.link);
  const std::size_t sent = talk.link.to_proxy.size();
  CHECK(turns(talk, 1) <= most_reads_of_a_call);
  CHECK(talk.link.to_proxy.size() > sent - 300);
  CHECK(turns(talk, 2000) <= most_reads_of_a_call);
  CHECK(talk.reader.got == "after");
  CHECK(!talk.reader.lost);
}

TEST_CASE("tls: a handshake in records of one byte takes many turns, and succeeds") {
  Conversation talk;
  SSL_do_handshake(talk.client.ssl());
  talk.client.put_all(talk.link);
  talk.link.to_proxy = in_single_bytes(talk.link.to_proxy);
  const std::size_t sent = talk.link.to_proxy.size();
  REQUIRE(sent > 600);
  CHECK(turns(talk, 1) <= most_reads_of_a_call);
  CHECK(talk.link.to_proxy.size() > sent - 100);
  CHECK(turns(talk, 1000) <= most_reads_of_a_call);
  talk.client.settle(talk.link);
  CHECK(talk.reader.handshakes == 1);
  CHECK(talk.reader.handshake_fault == "");
}

TEST_CASE("tls: a read that waits for room to answer a key update is not told of input meanwhile") {
  Conversation talk(TLS1_3_VERSION, TLS1_3_VERSION);
  talk.client.settle(talk.link);
  talk.link.room = talk.link.from_proxy.size();  // the client takes nothing
  update_keys(talk, SSL_KEY_UPDATE_REQUESTED);
  talk.client.send("first");
  update_keys(talk, SSL_KEY_UPDATE_REQUESTED);
  talk.client.send("second");
  talk.client.put_all(talk.link);
  turns(talk, 100);
  CHECK(!talk.link.want_read);
  CHECK(talk.link.want_write);
  CHECK(!talk.reader.lost);
  talk.link.room = SIZE_MAX;
  talk.client.settle(talk.link);
  turns(talk, 100);
  CHECK(talk.reader.got == "firstsecond");
  CHECK(!talk.link.want_write);
}

TEST_CASE("tls: a write that waits for the rest of a key update is not told of room meanwhile") {
  Conversation talk(TLS1_3_VERSION, TLS1_3_VERSION);
  Sealer sealer(talk.client.ssl());
  talk.client.settle(talk.link);
  REQUIRE(talk.reader.handshakes == 1);
  talk.link.to_proxy = sealer.handshake(std::string_view("\x18\0\0\1", 4));
  turns(talk, 10);
  REQUIRE(!talk.reader.lost);
  std::string text = "hello";
  const iovec part{text.data(), text.size()};
  REQUIRE(talk.transport->write({&part, 1}).state == net::Io::State::blocked);
  talk.transport->want_read(false);
  CHECK(!talk.link.want_read);  // nobody wants to write: what comes is not needed
  talk.transport->want_write(true);
  CHECK(talk.link.want_read);
  CHECK(!talk.link.want_write);
  talk.link.to_proxy = sealer.handshake(std::string_view("\0", 1));
  talk.link.user->on_readable();
  CHECK(talk.reader.writables == 1);
  CHECK(talk.transport->write({&part, 1}).bytes == text.size());
  talk.transport->want_write(false);
  CHECK(!talk.link.want_read);
  talk.client.settle(talk.link);
  CHECK(talk.client.receive() == text);
}

}  // namespace holdfast::tls::testing
