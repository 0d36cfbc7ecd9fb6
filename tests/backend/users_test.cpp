// The core with a store made of nothing: every outcome of the port has one outcome here.
#include "backend/users.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>

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

  Result<User, StoreError> insert(const Name& name, TimePoint) override {
    if (failure) return *failure;
    return User{1, name.text()};
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

std::string reason_against(std::string_view text) {
  const auto name = Name::from(text);
  return name ? "" : name.error().reason;
}

}  // namespace

TEST_CASE("users: a name is kept as it was given") {
  const auto name = Name::from(" Ada Lovelace ");
  REQUIRE(name.has_value());
  CHECK(name.value().text() == " Ada Lovelace ");
  CHECK(reason_against("\xc3\xa9") == "");
  CHECK(reason_against(std::string(256, 'a')) == "");
}

TEST_CASE("users: a name that is blank, too long or has control characters is refused with the reason") {
  for (const std::string_view blank : {"", " ", "\t\r\n "}) CHECK(reason_against(blank) == "name must not be empty");
  CHECK(reason_against(std::string(257, 'a')) == "name must not be longer than 256 bytes");
  CHECK(reason_against("a\nb") == "name must not contain control characters");
  CHECK(reason_against(std::string_view("a\0b", 3)) == "name must not contain control characters");
}

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
    CHECK_FALSE(check_health(store, {}).has_value());
    CHECK_FALSE(occupy_store(store, {}, {}).has_value());
  }
}

TEST_CASE("users: a conflict means that the user exists already") {
  ScriptedStore store;
  store.failure = StoreError{StoreFailure::conflict, "UNIQUE constraint failed"};
  const auto name = Name::from("Ada");
  REQUIRE(name.has_value());
  const auto created = create_user(store, {name.value()}, {});
  REQUIRE_FALSE(created.has_value());
  CHECK(created.error().denial == Denial::exists);
  CHECK(created.error().text == "already exists");
}
