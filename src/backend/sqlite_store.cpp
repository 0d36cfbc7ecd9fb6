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
  std::string uri = path.starts_with('/') ? "file://" : "file:";  // two slashes would begin an authority
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

}  // namespace

SqliteStore::SqliteStore(std::string_view place)
    : journal_(place == ":memory:" ? Journal::memory : Journal::wal),
      uri_(journal_ == Journal::memory ? memory_uri() : file_uri(place)) {}

std::optional<StoreError> SqliteStore::drop_anchor(TimePoint until) {
  const std::lock_guard guard(anchor_lock_);
  if (anchor_) return std::nullopt;
  auto opened = SqliteConnection::open(uri_, journal_, until);
  if (!opened) return std::move(opened).error();
  anchor_ = std::move(opened).value();
  return std::nullopt;
}

Result<SqliteStore::Connection, StoreError> SqliteStore::borrow(TimePoint until) {
  if (journal_ == Journal::memory) {
    if (auto failed = drop_anchor(until)) return std::move(*failed);
  }
  if (auto connection = idle_.take()) return connection;
  return SqliteConnection::open(uri_, journal_, until);
}

template <class Call>
std::invoke_result_t<Call, SqliteConnection&> SqliteStore::with_connection(TimePoint until, const Call& call) {
  auto connection = borrow(until);
  if (!connection) return std::move(connection).error();
  auto outcome = call(*connection.value());
  if (!connection.value()->lost()) idle_.give_back(std::move(connection).value());
  return outcome;
}

Result<User, StoreError> SqliteStore::insert(const UserName& name, TimePoint until) {
  return with_connection(until, [&](SqliteConnection& connection) { return connection.insert(name, until); });
}

Result<User, StoreError> SqliteStore::insert_account(const Account& account, TimePoint until) {
  return with_connection(until,
                         [&](SqliteConnection& connection) { return connection.insert_account(account, until); });
}

Result<std::optional<User>, StoreError> SqliteStore::find(std::int64_t id, TimePoint until) {
  return with_connection(until, [&](SqliteConnection& connection) { return connection.find(id, until); });
}

Result<std::vector<User>, StoreError> SqliteStore::page(std::int64_t after, std::size_t limit, TimePoint until) {
  return with_connection(until, [&](SqliteConnection& connection) { return connection.page(after, limit, until); });
}

Result<Done, StoreError> SqliteStore::ping(TimePoint until) {
  return with_connection(until, [&](SqliteConnection& connection) { return connection.ping(until); });
}

Result<Done, StoreError> SqliteStore::occupy(Duration length, TimePoint until) {
  return with_connection(until, [&](SqliteConnection& connection) { return connection.occupy(length, until); });
}

}  // namespace users
