#include "backend/argon2id.h"

#include <sodium.h>

#include <array>

namespace users {
namespace {

constexpr unsigned long long passes = 2;
constexpr std::size_t memory_bytes = 19U << 20U;

}  // namespace

holdfast::Result<PasswordHash, HashFailure> Argon2id::hash(const Password& password) const {
  if (sodium_init() < 0) return HashFailure{"the password library found no source of random numbers"};
  std::array<char, crypto_pwhash_STRBYTES> text{};
  const std::string_view secret = password.view();
  const int failed = crypto_pwhash_str_alg(text.data(), secret.data(), secret.size(), passes, memory_bytes,
                                           crypto_pwhash_ALG_ARGON2ID13);
  if (failed != 0) return HashFailure{"no memory to hash a password"};
  return PasswordHash{text.data()};
}

}  // namespace users
