// users: the core of the service. No HTTP, no SQL, no JSON, no throw: every outcome is a value.
//
// A command carries only values that are valid by construction (`Name`), so nothing here checks input twice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "backend/store.h"
#include "backend/user.h"
#include "core/clock.h"
#include "core/result.h"

namespace users {

struct CreateUser {
  Name name;
};

struct FindUser {
  std::int64_t id = 0;
};

struct CheckHealth {};

// Keeps the store busy; only /slow-store asks for it.
struct OccupyStore {
  holdfast::Duration length{};
};

enum class Denial : std::uint8_t { not_found, exists, failed };

// Why there is no user. `text` is for the client (empty for `failed`), `cause` for the log only.
struct Refusal {
  Denial denial = Denial::failed;
  std::string text;
  std::string cause;
};

// All calls wait for the store until `until` at the latest.
holdfast::Result<User, Refusal> create_user(Store& store, const CreateUser& command, holdfast::TimePoint until);
holdfast::Result<User, Refusal> find_user(Store& store, const FindUser& command, holdfast::TimePoint until);
holdfast::Result<Done, Refusal> check_health(Store& store, holdfast::TimePoint until);
holdfast::Result<Done, Refusal> occupy_store(Store& store, const OccupyStore& command, holdfast::TimePoint until);

// How a store failure reads in the log: `timeout: database is locked`.
std::string describe(const StoreError& error);

}  // namespace users
