// Store: the port between the core and a database. Every failure has one of four names.
//
// Calls block, from any thread, and end by `until` at the latest with `timeout`. A store recovers by itself: after an
// outage the next call that can succeed does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backend/user.h"
#include "core/clock.h"
#include "core/result.h"

namespace users {

enum class StoreFailure : std::uint8_t { unavailable, timeout, conflict, corrupt };

// `cause` is the database's own words: for the log, never for a client.
struct StoreError {
  StoreFailure failure = StoreFailure::unavailable;
  std::string cause;
};

struct Done {};

// The longest any store call may take.
inline constexpr holdfast::Duration store_call_bound = std::chrono::seconds(2);

class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  virtual holdfast::Result<User, StoreError> insert(const UserName& name, holdfast::TimePoint until) = 0;

  // `conflict` when the email address is taken; the database's unique constraint decides, also between two processes.
  virtual holdfast::Result<User, StoreError> insert_account(const Account& account, holdfast::TimePoint until) = 0;

  virtual holdfast::Result<std::optional<User>, StoreError> find(std::int64_t id, holdfast::TimePoint until) = 0;

  // At most `limit` users with an id above `after`, by id.
  virtual holdfast::Result<std::vector<User>, StoreError> page(std::int64_t after, std::size_t limit,
                                                               holdfast::TimePoint until) = 0;

  virtual holdfast::Result<Done, StoreError> ping(holdfast::TimePoint until) = 0;

  // Keeps the database busy for `length`; only /slow-store asks for it.
  virtual holdfast::Result<Done, StoreError> occupy(holdfast::Duration length, holdfast::TimePoint until) = 0;
};

}  // namespace users
