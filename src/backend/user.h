// The words of the domain. A value that exists is valid: each is made by `from`, which says why it refuses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/secret.h"
#include "core/result.h"

namespace users {

// Why a value was not accepted; a complete phrase for the client: `name must not be empty`.
struct Invalid {
  std::string reason;
};

// 1 to `max_bytes` bytes, not blank, no control characters. Kept as it was given.
class UserName {
 public:
  static constexpr std::size_t max_bytes = 256;

  // `member`: what the client calls it, for the reason.
  static holdfast::Result<UserName, Invalid> from(std::string_view text, std::string_view member = "name");

  const std::string& text() const noexcept { return text_; }

 private:
  explicit UserName(std::string_view text) : text_(text) {}
  std::string text_;
};

// The addresses people have: `local@domain` in ASCII, a dot-atom and at least two labels (RFC 5321 4.1.2 without quoted
// strings and address literals). Kept as it was given; two that differ only in case are the same address.
class EmailAddress {
 public:
  static constexpr std::size_t max_bytes = 254;  // RFC 5321 4.5.3.1.3

  static holdfast::Result<EmailAddress, Invalid> from(std::string_view text);

  const std::string& text() const noexcept { return text_; }
  const std::string& key() const noexcept { return key_; }  // in lower case: what is unique

 private:
  EmailAddress(std::string_view text, std::string key) : text_(text), key_(std::move(key)) {}
  std::string text_;
  std::string key_;
};

// In whole years.
class Age {
 public:
  static constexpr int least = 13;
  static constexpr int most = 150;

  static holdfast::Result<Age, Invalid> from(std::int64_t years);

  int years() const noexcept { return years_; }

 private:
  explicit Age(int years) : years_(years) {}
  int years_ = least;
};

// At least `min_characters`, nothing that everybody guesses first (NIST SP 800-63B 5.1.1.2). Wiped after use.
class Password {
 public:
  static constexpr std::size_t min_characters = 8;
  static constexpr std::size_t max_bytes = 256;

  static holdfast::Result<Password, Invalid> from(std::string_view text);

  std::string_view view() const noexcept { return secret_.view(); }

 private:
  explicit Password(std::string_view text) : secret_(text) {}
  Secret secret_;
};

// An Argon2id hash in PHC form: `$argon2id$v=19$m=19456,t=2,p=1$…`.
struct PasswordHash {
  std::string text;
};

struct User {
  std::int64_t id = 0;
  std::string name;
};

// What a registration stores beside the name.
struct Account {
  UserName name;
  EmailAddress email;
  Age age;
  PasswordHash password;
};

}  // namespace users
