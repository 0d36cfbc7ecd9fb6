#include "backend/postgres_migrations.h"

#include <iterator>
#include <string>
#include <utility>

namespace users {
namespace {

using holdfast::Result;
using holdfast::TimePoint;

// The step at index n leads to version n + 1; a released step is never edited. They are the steps of sqlite_migrations.
// A table `users` that is somebody else's makes step 1 fail.
constexpr const char* steps[] = {
    "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL)",

    "ALTER TABLE users ADD COLUMN email text, ADD COLUMN email_key text CONSTRAINT users_email_key UNIQUE, "
    "ADD COLUMN age integer, ADD COLUMN password_hash text, ADD CONSTRAINT users_account_is_whole "
    "CHECK (num_nulls(email, email_key, age, password_hash) IN (0, 4))",
};
constexpr int newest = static_cast<int>(std::size(steps));

// READ COMMITTED: what is read after the lock was waited for is what the other process has committed.
constexpr const char* before_steps[] = {
    "BEGIN ISOLATION LEVEL READ COMMITTED",
    "SELECT pg_advisory_xact_lock(hashtextextended('users-service schema', 0))",
    "CREATE TABLE IF NOT EXISTS users_schema (version integer NOT NULL)",
    "INSERT INTO users_schema (version) SELECT 0 WHERE NOT EXISTS (SELECT FROM users_schema)",
};

// 0 while there is nothing of ours; never above `newest`.
Result<int, StoreError> version_of(PostgresLink& link, TimePoint until) {
  const auto table = link.run("SELECT count(to_regclass('users_schema'))", until);
  if (!table) return table.error();
  if (table.value().integer(0, 0) == 0) return 0;
  const auto row = link.run("SELECT max(version) FROM users_schema", until);
  if (!row) return row.error();
  const auto version = row.value().integer(0, 0);
  if (version >= 0 && version <= newest) return static_cast<int>(version);
  return StoreError{StoreFailure::corrupt, "the database has schema version " + std::to_string(version) +
                                               ", this program knows 0 to " + std::to_string(newest)};
}

Result<Done, StoreError> take_steps(PostgresLink& link, TimePoint until) {
  const auto version = version_of(link, until);
  if (!version) return version.error();
  for (int step = version.value(); step < newest; ++step) {
    if (auto taken = link.run(steps[step], until); !taken) return std::move(taken).error();
  }
  const std::string reached = std::to_string(newest);
  auto kept = link.run("UPDATE users_schema SET version = $1::integer", until, {reached.c_str()});
  if (!kept) return std::move(kept).error();
  return Done{};
}

}  // namespace

Result<Done, StoreError> migrate(PostgresLink& link, TimePoint until) {
  const auto version = version_of(link, until);
  if (!version) return version.error();
  if (version.value() == newest) return Done{};
  for (const char* statement : before_steps) {
    if (auto done = link.run(statement, until); !done) return std::move(done).error();
  }
  if (auto taken = take_steps(link, until); !taken) return taken;
  if (auto committed = link.run("COMMIT", until); !committed) return std::move(committed).error();
  return Done{};
}

}  // namespace users
