#include "backend/sqlite_migrations.h"

#include <cstddef>
#include <iterator>
#include <memory>
#include <string>

#include "backend/sqlite_error.h"

namespace users {
namespace {

using holdfast::Result;

// The step at index n leads to version n + 1; a released step is never edited. `PRAGMA user_version` has the version;
// files of the first program have its table and version 0, and step 1 fails on a table that is somebody else's.
constexpr const char* steps[] = {
    "CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"
    "SELECT id, name FROM users LIMIT 0;",

    "ALTER TABLE users ADD COLUMN email TEXT;"
    "ALTER TABLE users ADD COLUMN email_key TEXT;"
    "ALTER TABLE users ADD COLUMN age INTEGER;"
    "ALTER TABLE users ADD COLUMN password_hash TEXT CHECK "
    "((email IS NULL) + (email_key IS NULL) + (age IS NULL) + (password_hash IS NULL) IN (0, 4));"
    "CREATE UNIQUE INDEX users_email_key ON users (email_key);",
};
constexpr int newest = static_cast<int>(std::size(steps));

int execute(sqlite3* database, const std::string& sql) noexcept {
  return sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr);
}

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};

// Between 0 and `newest`.
Result<int, StoreError> version_of(sqlite3* database) {
  sqlite3_stmt* raw = nullptr;
  int code = sqlite3_prepare_v2(database, "PRAGMA user_version", -1, &raw, nullptr);
  const std::unique_ptr<sqlite3_stmt, FinalizeStatement> statement(raw);
  if (code == SQLITE_OK) code = sqlite3_step(raw);
  if (code != SQLITE_ROW) return sqlite_error(database, code);
  const int version = sqlite3_column_int(raw, 0);
  if (version >= 0 && version <= newest) return version;
  return StoreError{StoreFailure::corrupt, "the database has schema version " + std::to_string(version) +
                                               ", this program knows 0 to " + std::to_string(newest)};
}

// Inside a transaction that nobody else can write beside.
Result<Done, StoreError> take_steps(sqlite3* database) {
  const auto version = version_of(database);
  if (!version) return version.error();
  for (int step = version.value(); step < newest; ++step) {
    std::string sql = steps[step];
    sql += "PRAGMA user_version=" + std::to_string(step + 1);
    if (const int code = execute(database, sql); code != SQLITE_OK) return sqlite_error(database, code);
  }
  return Done{};
}

}  // namespace

Result<Done, StoreError> migrate(sqlite3* database) {
  const auto version = version_of(database);
  if (!version) return version.error();
  if (version.value() == newest) return Done{};
  if (const int code = execute(database, "BEGIN IMMEDIATE"); code != SQLITE_OK) return sqlite_error(database, code);
  auto taken = take_steps(database);  // closing the connection rolls back
  if (!taken) return taken;
  if (const int code = execute(database, "COMMIT"); code != SQLITE_OK) return sqlite_error(database, code);
  return taken;
}

}  // namespace users
