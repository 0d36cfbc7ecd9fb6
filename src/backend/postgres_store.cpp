#include "backend/postgres_store.h"

namespace users {
namespace {

using holdfast::Duration;
using holdfast::Result;
using holdfast::TimePoint;

bool leaves_connection_usable(const StoreError& error) noexcept {
  return error.failure == StoreFailure::timeout || error.failure == StoreFailure::conflict;
}

template <class Value>
const StoreError* error_of(const Result<Value, StoreError>& outcome) noexcept {
  return outcome ? nullptr : &outcome.error();
}

}  // namespace

// What befell a lost connection befell the idle ones, too; those that look well may lead to a server that is gone.
bool PostgresStore::put_away(Connection connection, const StoreError* error) {
  if (connection->lost()) {
    idle_.close_idle();
    return false;
  }
  if (error == nullptr || leaves_connection_usable(*error)) idle_.give_back(std::move(connection));
  return true;
}

template <class Call>
std::invoke_result_t<Call, PostgresConnection&> PostgresStore::with_connection(TimePoint until, WhenBroken when_broken,
                                                                               const Call& call) {
  if (auto idle = idle_.take()) {
    auto outcome = call(*idle);
    const bool whole = put_away(std::move(idle), error_of(outcome));
    const bool broke = !whole && !outcome && outcome.error().failure == StoreFailure::unavailable;
    if (!broke || when_broken == WhenBroken::give_up) return outcome;
  }
  auto opened = PostgresConnection::open(url_, until);
  if (!opened) return std::move(opened).error();
  auto outcome = call(*opened.value());
  put_away(std::move(opened).value(), error_of(outcome));
  return outcome;
}

Result<User, StoreError> PostgresStore::insert(const UserName& name, TimePoint until) {
  return with_connection(until, WhenBroken::give_up,
                         [&](PostgresConnection& connection) { return connection.insert(name, until); });
}

Result<User, StoreError> PostgresStore::insert_account(const Account& account, TimePoint until) {
  return with_connection(until, WhenBroken::give_up,
                         [&](PostgresConnection& connection) { return connection.insert_account(account, until); });
}

Result<std::optional<User>, StoreError> PostgresStore::find(std::int64_t id, TimePoint until) {
  return with_connection(until, WhenBroken::once_more,
                         [&](PostgresConnection& connection) { return connection.find(id, until); });
}

Result<std::vector<User>, StoreError> PostgresStore::page(std::int64_t after, std::size_t limit, TimePoint until) {
  return with_connection(until, WhenBroken::once_more,
                         [&](PostgresConnection& connection) { return connection.page(after, limit, until); });
}

Result<Done, StoreError> PostgresStore::ping(TimePoint until) {
  return with_connection(until, WhenBroken::once_more,
                         [&](PostgresConnection& connection) { return connection.ping(until); });
}

Result<Done, StoreError> PostgresStore::occupy(Duration length, TimePoint until) {
  return with_connection(until, WhenBroken::give_up,
                         [&](PostgresConnection& connection) { return connection.occupy(length, until); });
}

}  // namespace users
