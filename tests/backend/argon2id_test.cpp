// Argon2id: the form of the hash and its parameters, which the database keeps for years.
#include "backend/argon2id.h"

#include <doctest/doctest.h>
#include <sodium.h>

TEST_CASE("argon2id: a hash names its parameters, verifies, and is salted") {
  const auto password = users::Password::from("correct horse");
  REQUIRE(password.has_value());
  const users::Argon2id hasher;
  const auto one = hasher.hash(password.value());
  const auto other = hasher.hash(password.value());
  REQUIRE(one.has_value());
  REQUIRE(other.has_value());
  CHECK(one.value().text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
  CHECK(one.value().text != other.value().text);
  CHECK(crypto_pwhash_str_verify(one.value().text.c_str(), "correct horse", 13) == 0);
  CHECK(crypto_pwhash_str_verify(one.value().text.c_str(), "correct hors", 12) != 0);
}
