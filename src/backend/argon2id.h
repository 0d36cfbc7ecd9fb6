// Argon2id: password hashes by libsodium, 19 MiB and two passes (RFC 9106 with OWASP's parameters).
#pragma once

#include "backend/password_hasher.h"

namespace users {

class Argon2id final : public PasswordHasher {
 public:
  holdfast::Result<PasswordHash, HashFailure> hash(const Password& password) const override;
};

}  // namespace users
