// handles: OpenSSL's objects with one owner each, and what its error queue says. For the files of this folder alone.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::tls {

struct Free {
  void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
  void operator()(SSL* p) const noexcept { SSL_free(p); }
  void operator()(BIO* p) const noexcept { BIO_free(p); }
  void operator()(BIO_METHOD* p) const noexcept { BIO_meth_free(p); }
  void operator()(X509* p) const noexcept { X509_free(p); }
  void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
  void operator()(X509_STORE* p) const noexcept { X509_STORE_free(p); }
  void operator()(X509_STORE_CTX* p) const noexcept { X509_STORE_CTX_free(p); }
  void operator()(X509_EXTENSION* p) const noexcept { X509_EXTENSION_free(p); }
  void operator()(BIGNUM* p) const noexcept { BN_free(p); }
};
template <class T>
using Handle = std::unique_ptr<T, Free>;

// The oldest error in the queue of this thread, which is emptied; `otherwise` when there is none.
inline std::string take_error(std::string_view otherwise) {
  const unsigned long code = ERR_peek_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string text(reason == nullptr ? otherwise : std::string_view(reason));
  ERR_clear_error();
  return text;
}

// Reads from `text`, which must outlive it.
inline Handle<BIO> reader(std::string_view text) {
  return Handle<BIO>(BIO_new_mem_buf(text.empty() ? "" : text.data(), static_cast<int>(text.size())));
}

}  // namespace holdfast::tls
