// server_transport: TLS as a transport over another transport, so that whoever uses one sees no difference.
//
// OpenSSL reads and writes through a BIO of ours that calls the transport below: events, hangups and SIGPIPE are dealt
// with there once, and tests need no socket. What one call reads from below is bounded, since OpenSSL reads on as long
// as records come that are no content; the rest is told again by the event. Three things differ from a socket:
// decrypted bytes wait while the descriptor is silent, so the user is told again in the next turn; a read may wait for
// room to write; and OpenSSL wants a write that did not fit repeated with the same bytes, which are kept for that.
#pragma once

#include <array>

#include "net/soon.h"
#include "net/transport.h"
#include "tls/handles.h"
#include "tls/server_context.h"

namespace holdfast::tls {

class ServerTransport final : public net::Transport, public net::TransportUser {
 public:
  // Throws std::bad_alloc; later calls need memory of OpenSSL alone, and its lack ends the connection.
  ServerTransport(SSL_CTX* context, net::Loop& loop, std::unique_ptr<net::Transport> under, HandshakeUser& told);
  ~ServerTransport() override;

  void attach(net::TransportUser& user) noexcept override;
  net::Io read(char* into, std::size_t room) noexcept override;
  net::Io write(std::span<const iovec> parts) noexcept override;
  void want_read(bool wanted) noexcept override;
  void want_write(bool wanted) override;
  void shutdown_write() noexcept override;
  void reset_on_close() noexcept override;
  std::size_t undelivered() const noexcept override { return under_->undelivered(); }
  bool readable_now() noexcept override;

  // What the transport below tells.
  void on_readable() noexcept override;
  void on_writable() noexcept override;
  void on_hangup() noexcept override;

 private:
  enum class State : std::uint8_t { handshake, open, broken };

  void handshake() noexcept;
  void broke(const char* why) noexcept;
  void say_goodbye() noexcept;
  void watch() noexcept;
  void stage(std::span<const iovec> parts, std::size_t skip) noexcept;
  net::Io::State state_after(int result, bool& waits_crosswise, int crosswise) noexcept;
  void more_waits() noexcept;

  static const BIO_METHOD& method();
  static int bio_read(BIO* bio, char* into, int room) noexcept;
  static int bio_write(BIO* bio, const char* from, int size) noexcept;
  static long bio_control(BIO* bio, int command, long number, void* pointer) noexcept;

  std::unique_ptr<net::Transport> under_;
  Handle<SSL> ssl_;
  HandshakeUser& told_;
  net::TransportUser* user_ = nullptr;
  net::Soon soon_;
  State state_ = State::handshake;
  bool wants_read_ = true;
  bool wants_write_ = false;
  bool handshake_waits_to_write_ = false;
  bool read_waits_to_write_ = false;
  bool write_waits_to_read_ = false;
  bool under_ended_ = false;
  bool goodbye_said_ = false;
  bool resets_ = false;
  unsigned reads_left_ = 0;            // of the transport below, in this call
  std::size_t staged_ = 0;             // bytes of a write that OpenSSL must see again
  std::array<char, 8U << 10U> stage_;  // gathers parts: one record instead of one for each
};

}  // namespace holdfast::tls
