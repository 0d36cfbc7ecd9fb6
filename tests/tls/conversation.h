// A TLS client in memory, and a server transport over a memory link: every byte between them passes through the test.
#pragma once

#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "net/loop.h"
#include "support/memory_link.h"
#include "tls/issue.h"
#include "tls/server_context.h"

namespace holdfast::tls::testing {

inline constexpr WallTime today{std::chrono::seconds(1'800'000'000)};
inline constexpr Validity always{today - std::chrono::hours(24), today + std::chrono::hours(24 * 3650)};

struct Pair {
  Issued authority;
  Issued server;
};
inline Pair make_pair(const Validity& validity = always) {
  const auto authority = issue_authority("test authority", always);
  REQUIRE(authority.has_value());
  const auto server = issue_server(authority.value(), {"webhook.test.svc"}, validity);
  REQUIRE(server.has_value());
  return {authority.value(), server.value()};
}

inline ServerContext make_context() {
  const Pair pair = make_pair();
  auto context = ServerContext::from_pem(pair.server.certificate, pair.server.key);
  REQUIRE(context.has_value());
  return std::move(context).value();
}

// What the user of a transport hears; it reads whatever comes.
class Reader final : public net::TransportUser, public HandshakeUser {
 public:
  net::Transport* transport = nullptr;
  std::string got;
  std::string handshake_fault;
  std::size_t room = 4096;
  int handshakes = 0;
  int writables = 0;
  int hangups = 0;
  bool ended = false;
  bool lost = false;

  void on_handshake(const char* why) noexcept override {
    ++handshakes;
    if (why != nullptr) handshake_fault = why;
  }
  void on_readable() noexcept override {
    std::string into(room, '\0');
    const net::Io io = transport->read(into.data(), into.size());
    if (io.state == net::Io::State::ok) got.append(into, 0, io.bytes);
    ended = ended || io.state == net::Io::State::end;
    lost = lost || io.state == net::Io::State::lost;
  }
  void on_writable() noexcept override { ++writables; }
  void on_hangup() noexcept override { ++hangups; }
};

class Client {
 public:
  explicit Client(int least = TLS1_2_VERSION, int most = TLS1_3_VERSION) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_security_level(context_.get(), 0);  // so that what is too old is refused by the server
    SSL_CTX_set_min_proto_version(context_.get(), least);
    SSL_CTX_set_max_proto_version(context_.get(), most);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_.get());
  }

  SSL* ssl() const noexcept { return ssl_.get(); }

  // Carries bytes both ways; true when any moved.
  bool exchange(holdfast::testing::Link& link, std::size_t step = SIZE_MAX) {
    SSL_do_handshake(ssl_.get());
    ERR_clear_error();
    std::string bytes(std::min<std::size_t>(step, 1U << 16U), '\0');
    const int out = BIO_read(SSL_get_wbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
    if (out > 0) link.to_proxy.append(bytes, 0, static_cast<std::size_t>(out));
    if (link.user != nullptr && link.want_read && link.readable()) link.user->on_readable();
    if (link.user != nullptr && link.want_write && link.writable()) link.user->on_writable();
    const std::size_t in = std::min(step, link.from_proxy.size());
    if (in > 0) BIO_write(SSL_get_rbio(ssl_.get()), link.from_proxy.data(), static_cast<int>(in));
    link.from_proxy.erase(0, in);
    return out > 0 || in > 0;
  }
  void settle(holdfast::testing::Link& link, std::size_t step = SIZE_MAX) {
    for (int i = 0; i < 100'000 && exchange(link, step); ++i) {
    }
  }
  // Everything that the client has to say, without telling the server.
  void put_all(holdfast::testing::Link& link) {
    std::string bytes(1U << 16U, '\0');
    for (int n = 1; n > 0;) {
      n = BIO_read(SSL_get_wbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
      if (n > 0) link.to_proxy.append(bytes, 0, static_cast<std::size_t>(n));
    }
  }
  void send(std::string_view bytes) { SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())); }
  std::string receive() {
    std::string all;
    std::string into(1U << 14U, '\0');
    for (int n = 1; n > 0;) {
      n = SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size()));
      if (n > 0) all.append(into, 0, static_cast<std::size_t>(n));
      last_error = SSL_get_error(ssl_.get(), n);
    }
    return all;
  }
  int last_error = SSL_ERROR_NONE;

 private:
  struct Free {
    void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
    void operator()(SSL* p) const noexcept { SSL_free(p); }
  };
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
};

// Both ends, before the first byte.
struct Conversation {
  explicit Conversation(int least = TLS1_2_VERSION, int most = TLS1_3_VERSION) : client(least, most) {
    transport = context.accept(loop, std::make_unique<holdfast::testing::MemoryTransport>(link), reader);
    reader.transport = transport.get();
    transport->attach(reader);
  }
  net::Loop loop;
  holdfast::testing::Link link;
  ServerContext context = make_context();
  Reader reader;
  Client client;
  std::unique_ptr<net::Transport> transport;
};

}  // namespace holdfast::tls::testing
