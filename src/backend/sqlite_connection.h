// SqliteConnection: one connection with its prepared statements. Used by one thread at a time.
//
// Every call has a deadline, kept in two ways: a busy handler that waits for another writer's lock until then, and a
// progress handler that interrupts a statement that runs on. Reading a stuck disk can not be interrupted; the server
// bounds that from outside.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backend/sqlite_error.h"
#include "backend/store.h"
#include "core/clock.h"
#include "core/result.h"

namespace users {

class SqliteConnection {
 private:
  struct Key {
    explicit Key() = default;
  };
  struct CloseDatabase {
    void operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }
  };
  using Database = std::unique_ptr<sqlite3, CloseDatabase>;

 public:
  enum class Journal : std::uint8_t { wal, memory };

  // Opens or creates the database and brings it to our schema. `uri` is an SQLite URI.
  static holdfast::Result<std::unique_ptr<SqliteConnection>, StoreError> open(const std::string& uri, Journal journal,
                                                                              holdfast::TimePoint until);

  SqliteConnection(Key, Database database) : database_(std::move(database)) {}  // for `open` only
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;
  ~SqliteConnection() = default;

  // The calls of `Store`.
  holdfast::Result<User, StoreError> insert(const UserName& name, holdfast::TimePoint until);
  holdfast::Result<User, StoreError> insert_account(const Account& account, holdfast::TimePoint until);
  holdfast::Result<std::optional<User>, StoreError> find(std::int64_t id, holdfast::TimePoint until);
  holdfast::Result<std::vector<User>, StoreError> page(std::int64_t after, std::size_t limit,
                                                       holdfast::TimePoint until);
  holdfast::Result<Done, StoreError> ping(holdfast::TimePoint until);
  holdfast::Result<Done, StoreError> occupy(holdfast::Duration length, holdfast::TimePoint until);

  // Before a call: the file was not renamed, removed or replaced under this connection.
  bool usable() const noexcept;

  // After a call: it can not be used again. One that could not write can: on a full disk, where a new connection finds
  // no room for its index of the log, it goes on reading.
  bool lost() const noexcept;

 private:
  struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;
  class Run;

  int configure(Journal journal) noexcept;
  int prepare_all() noexcept;
  int prepare(Statement& statement, const char* sql) noexcept;
  holdfast::Result<User, StoreError> inserted(const UserName& name) const;
  StoreError error(int code) const { return sqlite_error(database_.get(), code); }
  bool expired() const noexcept { return holdfast::steady_now() >= until_; }
  static int on_progress(void* self) noexcept;
  static int on_busy(void* self, int attempt) noexcept;

  Database database_;  // declared first: statements go before the database does
  Statement insert_;
  Statement insert_account_;
  Statement find_;
  Statement page_;
  Statement ping_;
  Statement occupy_;
  holdfast::TimePoint until_{};
  int last_code_ = SQLITE_OK;
};

}  // namespace users
