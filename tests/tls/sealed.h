// sealed: records of TLS 1.3 made by hand (RFC 8446 5.2, 7.3), for what no library sends. AES-128-GCM, SHA-256.
#pragma once

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>

#include <array>
#include <string>
#include <string_view>

namespace holdfast::tls::testing {

// What a client sends after its handshake.
class Sealer {
 public:
  // Before the handshake of `client`, which must outlive it.
  explicit Sealer(SSL* client) {
    CHECK(SSL_set_ciphersuites(client, "TLS_AES_128_GCM_SHA256") == 1);
    SSL_CTX* context = SSL_get_SSL_CTX(client);
    SSL_CTX_set_app_data(context, this);
    SSL_CTX_set_keylog_callback(context, [](const SSL* ssl, const char* line) {
      static_cast<Sealer*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->take(line);
    });
  }

  // A record with this part of a handshake message.
  std::string handshake(std::string_view part) {
    constexpr int tag_size = 16;
    std::string plain(part);
    plain += '\x16';
    const auto size = static_cast<unsigned char>(plain.size() + tag_size);
    std::string record{'\x17', '\x03', '\x03', '\0', static_cast<char>(size)};
    std::string nonce = iv_;
    nonce.back() = static_cast<char>(static_cast<unsigned char>(nonce.back()) ^ sequence_++);
    std::string sealed(plain.size(), '\0');
    std::string tag(tag_size, '\0');
    EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
    int n = 0;
    CHECK(EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), nullptr, bytes(key_), bytes(nonce)) == 1);
    CHECK(EVP_EncryptUpdate(cipher, nullptr, &n, bytes(record), static_cast<int>(record.size())) == 1);
    CHECK(EVP_EncryptUpdate(cipher, bytes(sealed), &n, bytes(plain), static_cast<int>(plain.size())) == 1);
    CHECK(EVP_EncryptFinal_ex(cipher, bytes(sealed), &n) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, tag_size, tag.data()) == 1);
    EVP_CIPHER_CTX_free(cipher);
    return record + sealed + tag;
  }

 private:
  static unsigned char* bytes(std::string& text) {
    return static_cast<unsigned char*>(static_cast<void*>(text.data()));
  }

  // A line of the key log: `CLIENT_TRAFFIC_SECRET_0 <random> <secret>`, both in hexadecimal.
  void take(std::string_view line) {
    if (!line.starts_with("CLIENT_TRAFFIC_SECRET_0 ")) return;
    const std::string_view digits = line.substr(line.rfind(' ') + 1);
    const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string secret;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
      secret += static_cast<char>(value(digits[i]) * 16 + value(digits[i + 1]));
    key_ = expanded(secret, "tls13 key", 16);
    iv_ = expanded(secret, "tls13 iv", 12);
  }

  // HKDF-Expand-Label without a context, of one block.
  static std::string expanded(std::string& secret, std::string_view label, std::size_t size) {
    std::string info{'\0', static_cast<char>(size), static_cast<char>(label.size())};
    info += label;
    info += {'\0', '\x01'};
    std::string block(EVP_MAX_MD_SIZE, '\0');
    unsigned int n = 0;
    CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes(info), info.size(), bytes(block),
               &n) != nullptr);
    return block.substr(0, size);
  }

  std::string key_;
  std::string iv_;
  unsigned char sequence_ = 0;
};

}  // namespace holdfast::tls::testing
