#include "backend/postgres_connection.h"

#include <chrono>

#include "backend/postgres_migrations.h"

namespace users {
namespace {

using holdfast::Duration;
using holdfast::Result;
using holdfast::TimePoint;

// The server gives up a little before a caller does: then the answer is its own, and the connection stays. It is also
// what ends a statement whose caller is gone.
constexpr std::chrono::milliseconds server_bound =
    std::chrono::duration_cast<std::chrono::milliseconds>(store_call_bound) - std::chrono::milliseconds(100);

// From the row that an INSERT returns, which a trigger of somebody else can leave out.
Result<User, StoreError> inserted(const PostgresRows& rows, const UserName& name) {
  if (rows.count() != 1) return StoreError{StoreFailure::corrupt, "the row was not stored"};
  return User{rows.integer(0, 0), name.text()};
}

}  // namespace

PostgresConnection::Text PostgresConnection::text_of(Statement statement) noexcept {
  switch (statement) {
    case Statement::insert: return {"insert", "INSERT INTO users (name) VALUES ($1) RETURNING id"};
    case Statement::insert_account:
      return {
          "insert_account",
          "INSERT INTO users (name, email, email_key, age, password_hash) VALUES ($1, $2, $3, $4, $5) RETURNING id"};
    case Statement::find: return {"find", "SELECT name FROM users WHERE id = $1"};
    case Statement::page: return {"page", "SELECT id, name FROM users WHERE id > $1 ORDER BY id LIMIT $2"};
    case Statement::ping: return {"ping", "SELECT 1 FROM users LIMIT 1"};
    case Statement::occupy: return {"occupy", "SELECT pg_sleep($1::float8 / 1000)"};
  }
  return {};
}

Result<std::unique_ptr<PostgresConnection>, StoreError> PostgresConnection::open(const std::string& url,
                                                                                 TimePoint until) {
  auto link = PostgresLink::connect(url, until);
  if (!link) return std::move(link).error();
  const std::string bound = std::to_string(server_bound.count());  // the server's unit
  const auto bounded = link.value().run(
      "SELECT set_config(name, $1, false) FROM unnest(ARRAY['statement_timeout', 'lock_timeout', "
      "'idle_in_transaction_session_timeout']) AS name",
      until, {bound.c_str()});
  if (!bounded) return bounded.error();
  if (const auto migrated = migrate(link.value(), until); !migrated) return migrated.error();
  return std::make_unique<PostgresConnection>(Key{}, std::move(link).value());
}

PostgresLink::Answer PostgresConnection::run(Statement statement, TimePoint until,
                                             PostgresLink::Parameters parameters) {
  const auto [name, sql] = text_of(statement);
  const auto index = static_cast<std::size_t>(statement);
  if (!prepared_[index]) {
    if (auto prepared = link_.prepare(name, sql, until); !prepared) return prepared;
    prepared_.set(index);
  }
  return link_.run_prepared(name, until, parameters);
}

Result<User, StoreError> PostgresConnection::insert(const UserName& name, TimePoint until) {
  const auto rows = run(Statement::insert, until, {name.text().c_str()});
  if (!rows) return rows.error();
  return inserted(rows.value(), name);
}

Result<User, StoreError> PostgresConnection::insert_account(const Account& account, TimePoint until) {
  const std::string age = std::to_string(account.age.years());
  const auto rows = run(Statement::insert_account, until,
                        {account.name.text().c_str(), account.email.text().c_str(), account.email.key().c_str(),
                         age.c_str(), account.password.text.c_str()});
  if (!rows) return rows.error();
  return inserted(rows.value(), account.name);
}

Result<std::optional<User>, StoreError> PostgresConnection::find(std::int64_t id, TimePoint until) {
  const auto rows = run(Statement::find, until, {std::to_string(id).c_str()});
  if (!rows) return rows.error();
  if (rows.value().count() == 0) return std::optional<User>{};
  return std::optional<User>{User{id, rows.value().text(0, 0)}};
}

Result<std::vector<User>, StoreError> PostgresConnection::page(std::int64_t after, std::size_t limit, TimePoint until) {
  const auto rows = run(Statement::page, until, {std::to_string(after).c_str(), std::to_string(limit).c_str()});
  if (!rows) return rows.error();
  std::vector<User> users;
  const int count = rows.value().count();
  users.reserve(static_cast<std::size_t>(count));
  for (int row = 0; row < count; ++row) {
    users.push_back({rows.value().integer(row, 0), rows.value().text(row, 1)});
  }
  return users;
}

Result<Done, StoreError> PostgresConnection::ping(TimePoint until) {
  auto rows = run(Statement::ping, until);
  if (!rows) return std::move(rows).error();
  return Done{};
}

Result<Done, StoreError> PostgresConnection::occupy(Duration length, TimePoint until) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(length).count();
  auto rows = run(Statement::occupy, until, {std::to_string(milliseconds).c_str()});
  if (!rows) return std::move(rows).error();
  return Done{};
}

}  // namespace users
