#include "backend/sqlite_store.h"

#include <random>
#include <utility>

#include "core/bytes.h"

namespace users {
namespace {

using holdfast::Duration;
using holdfast::Result;
using holdfast::TimePoint;
using Journal = SqliteConnection::Journal;

// A path as the path part of an SQLite URI: what has a meaning there is escaped.
std::string file_uri(std::string_view path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c != '%' && c != '?' && c != '#') {
      uri += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    uri += '%';
    uri += holdfast::hex_digits[byte >> 4U];
    uri += holdfast::hex_digits[byte & 15U];
  }
  return uri;
}

// The memdb VFS shares a database whose name starts with a slash among the connections of this process, with the locks
// of a file; the random part keeps two stores apart.
std::string memory_uri() {
  std::random_device random;
  return "file:/users-" + std::to_string(random()) + "-" + std::to_string(random()) + "?vfs=memdb";
}

bool leaves_connection_usable(const StoreError& error) noexcept {
  return error.failure == StoreFailure::timeout || error.failure == StoreFailure::conflict;
}

}  // namespace

SqliteStore::SqliteStore(std::string_view place)
    : journal_(place == ":memory:" ? Journal::memory : Journal::wal),
      uri_(journal_ == Journal::memory ? memory_uri() : file_uri(place)) {}

Result<SqliteStore::Connection, StoreError> SqliteStore::borrow(TimePoint until) {
  std::vector<Connection> stale;  // closed after the lock is released
  {
    const std::lock_guard guard(lock_);
    if (journal_ == Journal::memory && !anchor_) {
      auto opened = SqliteConnection::open(uri_, journal_, until);
      if (!opened) return std::move(opened).error();
      anchor_ = std::move(opened).value();
    }
    if (!idle_.empty() && !idle_.back()->moved()) {
      Connection connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
    stale.swap(idle_);
  }
  stale.clear();  // before the new file is opened: closing the last connection may remove a log of the same name
  return SqliteConnection::open(uri_, journal_, until);
}

void SqliteStore::give_back(Connection connection) {
  const std::lock_guard guard(lock_);
  idle_.push_back(std::move(connection));
}

template <class Outcome, class Call>
Outcome SqliteStore::with_connection(TimePoint until, const Call& call) {
  auto connection = borrow(until);
  if (!connection) return std::move(connection).error();
  Outcome outcome = call(*connection.value());
  if (outcome || leaves_connection_usable(outcome.error())) give_back(std::move(connection).value());
  return outcome;
}

Result<User, StoreError> SqliteStore::insert(const Name& name, TimePoint until) {
  return with_connection<Result<User, StoreError>>(
      until, [&](SqliteConnection& connection) { return connection.insert(name, until); });
}

Result<std::optional<User>, StoreError> SqliteStore::find(std::int64_t id, TimePoint until) {
  return with_connection<Result<std::optional<User>, StoreError>>(
      until, [&](SqliteConnection& connection) { return connection.find(id, until); });
}

Result<Done, StoreError> SqliteStore::ping(TimePoint until) {
  return with_connection<Result<Done, StoreError>>(
      until, [&](SqliteConnection& connection) { return connection.ping(until); });
}

Result<Done, StoreError> SqliteStore::occupy(Duration length, TimePoint until) {
  return with_connection<Result<Done, StoreError>>(
      until, [&](SqliteConnection& connection) { return connection.occupy(length, until); });
}

}  // namespace users
