// SqliteStore: the users on SQLite, in a file (WAL) or in memory.
//
// Any thread may call; each call borrows a connection of its own, so there are never more connections than callers.
// A connection that failed, or whose file was moved away, is closed; the next call opens a new one: that is the
// recovery.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "backend/sqlite_connection.h"
#include "backend/store.h"

namespace users {

class SqliteStore final : public Store {
 public:
  // `place`: a path, or `:memory:`. Opens nothing yet, so that the service starts during an outage, too.
  explicit SqliteStore(std::string_view place);

  holdfast::Result<User, StoreError> insert(const Name& name, holdfast::TimePoint until) override;
  holdfast::Result<std::optional<User>, StoreError> find(std::int64_t id, holdfast::TimePoint until) override;
  holdfast::Result<Done, StoreError> ping(holdfast::TimePoint until) override;
  holdfast::Result<Done, StoreError> occupy(holdfast::Duration length, holdfast::TimePoint until) override;

 private:
  using Connection = std::unique_ptr<SqliteConnection>;

  holdfast::Result<Connection, StoreError> borrow(holdfast::TimePoint until);
  void give_back(Connection connection);
  template <class Outcome, class Call>
  Outcome with_connection(holdfast::TimePoint until, const Call& call);

  SqliteConnection::Journal journal_;
  std::string uri_;
  std::mutex lock_;               // guards what follows
  std::vector<Connection> idle_;  // most recently used at the back
  Connection anchor_;             // memory only: the data lives as long as one connection does
};

}  // namespace users
