// The core with a store made of nothing: every outcome of the port has one outcome here.
#include "backend/users.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using holdfast::Duration;
using holdfast::Result;
using holdfast::TimePoint;
using namespace users;

// Answers every call with `failure`, or as a store without users when there is none.
class ScriptedStore final : public Store {
 public:
  std::optional<StoreError> failure;
  std::optional<User> user;
  std::int64_t users = 0;  // how many a page finds
  std::string stored_hash;

  Result<User, StoreError> insert(const UserName& name, TimePoint) override {
    if (failure) return *failure;
    return User{1, name.text()};
  }
  Result<User, StoreError> insert_account(const Account& account, TimePoint) override {
    if (failure) return *failure;
    stored_hash = account.password.text;
    return User{2, account.name.text()};
  }
  Result<std::vector<User>, StoreError> page(std::int64_t after, std::size_t limit, TimePoint) override {
    if (failure) return *failure;
    std::vector<User> found;
    for (std::int64_t id = after + 1; id <= users && found.size() < limit; ++id) found.push_back({id, "Ada"});
    return found;
  }
  Result<std::optional<User>, StoreError> find(std::int64_t, TimePoint) override {
    if (failure) return *failure;
    return user;
  }
  Result<Done, StoreError> ping(TimePoint) override {
    if (failure) return *failure;
    return Done{};
  }
  Result<Done, StoreError> occupy(Duration, TimePoint) override { return ping({}); }
};

class ScriptedHasher final : public PasswordHasher {
 public:
  bool fails = false;

  Result<PasswordHash, HashFailure> hash(const Password& password) const override {
    if (fails) return HashFailure{"no memory to hash a password"};
    return PasswordHash{"hash of " + std::string(password.view())};
  }
};

template <class T, class E>
T valid(Result<T, E> made) {
  REQUIRE(made.has_value());
  return std::move(made).value();
}

RegisterUser registration() {
  return {valid(UserName::from("Ada")), valid(EmailAddress::from("Ada@example.org")), valid(Age::from(36)),
          valid(Password::from("correct horse"))};
}

}  // namespace

TEST_CASE("users: a user that is not there is named in the refusal") {
  ScriptedStore store;
  const auto found = find_user(store, {7}, {});
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().denial == Denial::not_found);
  CHECK(found.error().text == "user 7 not found");
  CHECK(found.error().cause.empty());
}

TEST_CASE("users: each store failure keeps its cause for the log and says nothing to the client") {
  ScriptedStore store;
  struct Row {
    StoreFailure failure;
    std::string_view cause;
  };
  for (const Row row : {Row{StoreFailure::unavailable, "store unavailable: db.internal refused"},
                        Row{StoreFailure::timeout, "store timeout: db.internal refused"},
                        Row{StoreFailure::corrupt, "store corrupt: db.internal refused"}}) {
    store.failure = StoreError{row.failure, "db.internal refused"};
    const auto found = find_user(store, {7}, {});
    REQUIRE_FALSE(found.has_value());
    CHECK(found.error().denial == Denial::failed);
    CHECK(found.error().text.empty());
    CHECK(found.error().cause == row.cause);
    CHECK_FALSE(list_users(store, {}, {}).has_value());
    CHECK_FALSE(register_user(store, ScriptedHasher(), registration(), {}).has_value());
    CHECK_FALSE(occupy_store(store, {}, {}).has_value());
  }
}

TEST_CASE("users: a registration stores the hash and tells who was registered") {
  ScriptedStore store;
  const auto user = register_user(store, ScriptedHasher(), registration(), {});
  REQUIRE(user.has_value());
  CHECK(user.value().id == 2);
  CHECK(user.value().username == "Ada");
  CHECK(user.value().email == "Ada@example.org");
  CHECK(store.stored_hash == "hash of correct horse");
}

TEST_CASE("users: an email address that is taken is `already exists`") {
  ScriptedStore store;
  store.failure = StoreError{StoreFailure::conflict, "UNIQUE constraint failed"};
  const auto user = register_user(store, ScriptedHasher(), registration(), {});
  REQUIRE_FALSE(user.has_value());
  CHECK(user.error().denial == Denial::exists);
  CHECK(user.error().text == "already exists");
}

TEST_CASE("users: without a hash nothing is stored") {
  ScriptedStore store;
  ScriptedHasher hasher;
  hasher.fails = true;
  const auto user = register_user(store, hasher, registration(), {});
  REQUIRE_FALSE(user.has_value());
  CHECK(user.error().denial == Denial::failed);
  CHECK(user.error().cause == "no memory to hash a password");
  CHECK(store.stored_hash.empty());
}

TEST_CASE("users: a page names the next one exactly when there is one") {
  ScriptedStore store;
  store.users = 5;
  const auto next_of = [&](std::size_t limit, std::int64_t after) {
    const auto page = list_users(store, {limit, after}, {});
    REQUIRE(page.has_value());
    return page.value().next.value_or(0);
  };
  CHECK(next_of(2, 0) == 2);
  CHECK(next_of(2, 2) == 4);
  CHECK(next_of(2, 4) == 0);
  CHECK(next_of(5, 0) == 0);
  CHECK(next_of(4, 0) == 4);
  CHECK(next_of(2, 9) == 0);
}
