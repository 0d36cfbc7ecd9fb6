// server_context: one certificate with its key, ready to serve TLS 1.2 and 1.3 with.
//
// Immutable; a reload makes another one, and connections keep the one they began with. What is not needed is off:
// compression, renegotiation, tickets and session caches, early data, client certificates.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/loop.h"
#include "net/transport.h"
#include "tls/pem.h"

struct ssl_ctx_st;

namespace holdfast::tls {

class HandshakeUser {
 public:
  // `why` is null when the handshake succeeded; valid during the call.
  virtual void on_handshake(const char* why) noexcept = 0;

 protected:
  ~HandshakeUser() = default;
};

class ServerContext {
 public:
  // `chain`: the certificate and those above it, as tls.crt has them. The error is a sentence that names tls.crt or
  // tls.key. A certificate that has expired makes a context all the same: see facts().
  static Result<ServerContext, std::string> from_pem(std::string_view chain, std::string_view key);

  // Of the first certificate; not_after is the earliest of the chain.
  const CertificateFacts& facts() const noexcept { return facts_; }

  // A transport over `under`, which is connected to a client. The handshake runs once a user is attached, whose
  // deadline for the first byte bounds it. `user` outlives the transport.
  std::unique_ptr<net::Transport> accept(net::Loop& loop, std::unique_ptr<net::Transport> under,
                                         HandshakeUser& user) const;

 private:
  struct FreeContext {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  ServerContext() = default;

  std::unique_ptr<ssl_ctx_st, FreeContext> context_;
  CertificateFacts facts_;
};

}  // namespace holdfast::tls
