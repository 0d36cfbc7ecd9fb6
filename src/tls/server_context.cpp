#include "tls/server_context.h"

#include <algorithm>

#include "tls/server_transport.h"
#include "tls/x509.h"

namespace holdfast::tls {
namespace {

constexpr const char* ciphers_of_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* groups = "X25519:P-256:P-384";

// HTTP/1.1 is what follows, whether or not a client asks for it by name.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) noexcept {
  static constexpr std::string_view ours = "http/1.1";
  for (unsigned int at = 0; at < offered_size;) {
    const unsigned int length = offered[at];
    if (at + 1 + length > offered_size) break;
    const unsigned char* name = offered + at + 1;
    if (length == ours.size() && std::equal(ours.begin(), ours.end(), name)) {
      *out = name;
      *size = static_cast<unsigned char>(length);
      return SSL_TLSEXT_ERR_OK;
    }
    at += 1 + length;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

Handle<SSL_CTX> make_context() {
  // Our own settings and no openssl.cnf, so that every machine serves the same.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  Handle<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
  if (!context) return context;
  SSL_CTX* raw = context.get();
  const bool set = SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) == 1 &&
                   SSL_CTX_set_max_proto_version(raw, TLS1_3_VERSION) == 1 &&
                   SSL_CTX_set_cipher_list(raw, ciphers_of_1_2) == 1 && SSL_CTX_set1_groups_list(raw, groups) == 1 &&
                   SSL_CTX_set_num_tickets(raw, 0) == 1;
  if (!set) return {};
  SSL_CTX_set_security_level(raw, 2);
  SSL_CTX_set_options(
      raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One record of the protocol itself for each call: a client may send key updates without end.
  SSL_CTX_clear_mode(raw, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_alpn_select_cb(raw, &choose_protocol, nullptr);
  return context;
}

}  // namespace

void ServerContext::FreeContext::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }

Result<ServerContext, std::string> ServerContext::from_pem(std::string_view chain, std::string_view key) {
  auto certificates = parse_certificates(chain);
  if (!certificates) return "tls.crt " + certificates.error();
  const auto private_key = parse_key(key);
  if (!private_key) return "tls.key " + private_key.error();
  ServerContext made;
  made.context_.reset(make_context().release());
  SSL_CTX* raw = made.context_.get();
  if (raw == nullptr) return "TLS cannot be set up (" + take_error("out of memory") + ")";
  X509* leaf = certificates.value().front().get();
  if (X509_check_private_key(leaf, private_key.value().get()) != 1) {
    ERR_clear_error();
    return std::string("tls.key is not the key of the certificate in tls.crt");
  }
  if (SSL_CTX_use_certificate(raw, leaf) != 1) return "tls.crt is not accepted (" + take_error("unknown reason") + ")";
  if (SSL_CTX_use_PrivateKey(raw, private_key.value().get()) != 1)
    return "tls.key is not accepted (" + take_error("unknown reason") + ")";
  made.facts_ = facts_of(leaf);
  for (std::size_t i = 1; i < certificates.value().size(); ++i) {
    X509* above = certificates.value()[i].get();
    if (SSL_CTX_add1_chain_cert(raw, above) != 1) return "tls.crt is not accepted (" + take_error("bad chain") + ")";
    made.facts_.not_after = std::min(made.facts_.not_after, time_of(X509_get0_notAfter(above)));
  }
  return made;
}

std::unique_ptr<net::Transport> ServerContext::accept(net::Loop& loop, std::unique_ptr<net::Transport> under,
                                                      HandshakeUser& user) const {
  return std::make_unique<ServerTransport>(context_.get(), loop, std::move(under), user);
}

}  // namespace holdfast::tls
