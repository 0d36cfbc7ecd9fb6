// PasswordHasher: the port between the core and the hash function. Hashing takes tens of milliseconds and 19 MiB, so it
// has threads of its own (http_server).
#pragma once

#include <string>

#include "backend/user.h"
#include "core/result.h"

namespace users {

struct HashFailure {
  std::string cause;  // for the log
};

class PasswordHasher {
 public:
  PasswordHasher() = default;
  PasswordHasher(const PasswordHasher&) = delete;
  PasswordHasher& operator=(const PasswordHasher&) = delete;
  virtual ~PasswordHasher() = default;

  // Any thread.
  virtual holdfast::Result<PasswordHash, HashFailure> hash(const Password& password) const = 0;
};

}  // namespace users
