// users: the core of the service. No HTTP, no SQL, no JSON, no clock, no throw: every outcome is a value.
//
// A command carries only values that are valid by construction (user.h), so nothing here checks input twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backend/password_hasher.h"
#include "backend/store.h"
#include "backend/user.h"
#include "core/clock.h"
#include "core/result.h"

namespace users {

struct CreateUser {
  UserName name;
};

struct RegisterUser {
  UserName username;
  EmailAddress email;
  Age age;
  Password password;
};

struct FindUser {
  std::int64_t id = 0;
};

// `limit` users with an id above `after`.
struct ListUsers {
  std::size_t limit = 50;
  std::int64_t after = 0;
};

// Keeps the store busy; only /slow-store asks for it.
struct OccupyStore {
  holdfast::Duration length{};
};

struct Registered {
  std::int64_t id = 0;
  std::string username;
  std::string email;
};

struct UserPage {
  std::vector<User> users;
  std::optional<std::int64_t> next;  // `after` of the page that follows
};

enum class Denial : std::uint8_t { not_found, exists, failed };

// Why there is no value. `text` is for the client (empty for `failed`), `cause` for the log only.
struct Refusal {
  Denial denial = Denial::failed;
  std::string text;
  std::string cause;
};

// All calls wait for the store until `until` at the latest.
holdfast::Result<User, Refusal> create_user(Store& store, const CreateUser& command, holdfast::TimePoint until);
holdfast::Result<Registered, Refusal> register_user(Store& store, const PasswordHasher& hasher,
                                                    const RegisterUser& command, holdfast::TimePoint until);
holdfast::Result<User, Refusal> find_user(Store& store, const FindUser& command, holdfast::TimePoint until);
holdfast::Result<UserPage, Refusal> list_users(Store& store, const ListUsers& command, holdfast::TimePoint until);
holdfast::Result<Done, Refusal> occupy_store(Store& store, const OccupyStore& command, holdfast::TimePoint until);

// How a store failure reads in the log: `store timeout: database is locked`.
std::string describe(const StoreError& error);

}  // namespace users
