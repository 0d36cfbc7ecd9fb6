// SqliteStore: the users on SQLite, in a file (WAL) or in memory.
//
// Any thread may call; each call borrows a connection of its own, so there are never more connections than callers.
// A connection that failed, or whose file was moved away, is closed; the next call opens a new one: that is the
// recovery.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "backend/connection_pool.h"
#include "backend/sqlite_connection.h"
#include "backend/store.h"

namespace users {

class SqliteStore final : public Store {
 public:
  // `place`: a path, or `:memory:`. Opens nothing yet, so that the service starts during an outage, too.
  explicit SqliteStore(std::string_view place);

  holdfast::Result<User, StoreError> insert(const UserName& name, holdfast::TimePoint until) override;
  holdfast::Result<User, StoreError> insert_account(const Account& account, holdfast::TimePoint until) override;
  holdfast::Result<std::optional<User>, StoreError> find(std::int64_t id, holdfast::TimePoint until) override;
  holdfast::Result<std::vector<User>, StoreError> page(std::int64_t after, std::size_t limit,
                                                       holdfast::TimePoint until) override;
  holdfast::Result<Done, StoreError> ping(holdfast::TimePoint until) override;
  holdfast::Result<Done, StoreError> occupy(holdfast::Duration length, holdfast::TimePoint until) override;

 private:
  using Connection = std::unique_ptr<SqliteConnection>;

  holdfast::Result<Connection, StoreError> borrow(holdfast::TimePoint until);
  std::optional<StoreError> drop_anchor(holdfast::TimePoint until);
  template <class Call>
  std::invoke_result_t<Call, SqliteConnection&> with_connection(holdfast::TimePoint until, const Call& call);

  SqliteConnection::Journal journal_;
  std::string uri_;
  std::mutex anchor_lock_;
  Connection anchor_;  // memory only: the data lives as long as one connection does
  ConnectionPool<SqliteConnection> idle_;
};

}  // namespace users
