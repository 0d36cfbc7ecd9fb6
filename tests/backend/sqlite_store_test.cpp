// SqliteStore on real files and in memory: what it keeps, how it fails, and that it recovers by itself.
#include "backend/sqlite_store.h"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "temporary_folder.h"

namespace {

using namespace users;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto no_deadline = holdfast::TimePoint::max();

Name name(std::string_view text) {
  auto made = Name::from(text);
  REQUIRE(made.has_value());
  return std::move(made).value();
}

std::int64_t inserted_id(SqliteStore& store, std::string_view text) {
  const auto user = store.insert(name(text), no_deadline);
  REQUIRE(user.has_value());
  return user.value().id;
}

std::string found_name(SqliteStore& store, std::int64_t id) {
  const auto found = store.find(id, no_deadline);
  REQUIRE(found.has_value());
  return found.value() ? found.value()->name : "nobody";
}

template <class T>
StoreFailure failure_of(const holdfast::Result<T, StoreError>& outcome) {
  REQUIRE_FALSE(outcome.has_value());
  CHECK_FALSE(outcome.error().cause.empty());
  return outcome.error().failure;
}

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};

// Another process, so to speak, that holds the write lock until it is destroyed.
std::unique_ptr<sqlite3, CloseDatabase> lock_database(const std::string& file) {
  sqlite3* raw = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &raw) == SQLITE_OK);
  std::unique_ptr<sqlite3, CloseDatabase> database(raw);
  REQUIRE(sqlite3_exec(raw, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  return database;
}

}  // namespace

TEST_CASE("sqlite: in memory, users get ids from 1 on and are found by them") {
  SqliteStore store(":memory:");
  CHECK(inserted_id(store, "Ada") == 1);
  CHECK(inserted_id(store, "Grace") == 2);
  CHECK(found_name(store, 1) == "Ada");
  CHECK(found_name(store, 2) == "Grace");
  CHECK(found_name(store, 3) == "nobody");
  CHECK(store.ping(no_deadline).has_value());
}

TEST_CASE("sqlite: two stores in memory do not share their users") {
  SqliteStore one(":memory:");
  SqliteStore other(":memory:");
  CHECK(inserted_id(one, "Ada") == 1);
  CHECK(found_name(other, 1) == "nobody");
}

TEST_CASE("sqlite: a file keeps its users, whatever its name") {
  const TemporaryFolder folder;
  const std::string file = folder.path() / "users?100%#1.db";
  {
    SqliteStore store(file);
    CHECK(inserted_id(store, "Ada") == 1);
  }
  CHECK(std::filesystem::exists(file));
  SqliteStore store(file);
  CHECK(found_name(store, 1) == "Ada");
}

TEST_CASE("sqlite: SQL in a name is only a name") {
  SqliteStore store(":memory:");
  const std::string nasty = "Robert'); DROP TABLE users;--";
  CHECK(inserted_id(store, nasty) == 1);
  CHECK(found_name(store, 1) == nasty);
}

TEST_CASE("sqlite: callers on several threads all get their own id") {
  const TemporaryFolder folder;
  for (const std::string& place : {std::string(":memory:"), (folder.path() / "users.db").string()}) {
    SqliteStore store(place);
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&store] {
          for (int n = 0; n < 10; ++n) static_cast<void>(store.insert(name("Ada"), no_deadline));
        });
      }
    }
    CHECK(inserted_id(store, "last") == 41);
  }
}

TEST_CASE("sqlite: a call whose deadline has passed is a timeout and leaves the store usable") {
  SqliteStore store(":memory:");
  CHECK(inserted_id(store, "Ada") == 1);
  constexpr auto past = holdfast::TimePoint::min();
  CHECK(failure_of(store.insert(name("late"), past)) == StoreFailure::timeout);
  CHECK(failure_of(store.find(1, past)) == StoreFailure::timeout);
  CHECK(failure_of(store.ping(past)) == StoreFailure::timeout);
  CHECK(found_name(store, 1) == "Ada");
}

TEST_CASE("sqlite: a statement that runs on is interrupted at its deadline") {
  SqliteStore store(":memory:");
  const auto until = holdfast::steady_now() + milliseconds(30);  // SQLite itself reads the real clock
  CHECK(failure_of(store.occupy(seconds(10), until)) == StoreFailure::timeout);
  CHECK(store.ping(no_deadline).has_value());
}

TEST_CASE("sqlite: a lock held by another writer is a timeout, reads go on, and writes recover") {
  const TemporaryFolder folder;
  const std::string file = folder.path() / "users.db";
  SqliteStore store(file);
  CHECK(inserted_id(store, "Ada") == 1);
  {
    const auto lock = lock_database(file);
    const auto until = holdfast::steady_now() + milliseconds(20);
    CHECK(failure_of(store.insert(name("Grace"), until)) == StoreFailure::timeout);
    CHECK(found_name(store, 1) == "Ada");
  }
  CHECK(inserted_id(store, "Grace") == 2);
}

TEST_CASE("sqlite: a folder that vanishes makes the store unavailable until it is back") {
  const TemporaryFolder folder;
  const auto here = folder.path() / "data";
  const auto away = folder.path() / "away";
  std::filesystem::create_directory(here);
  SqliteStore store((here / "users.db").string());
  CHECK(inserted_id(store, "Ada") == 1);
  std::filesystem::rename(here, away);
  CHECK(failure_of(store.ping(no_deadline)) == StoreFailure::unavailable);
  CHECK(failure_of(store.find(1, no_deadline)) == StoreFailure::unavailable);
  std::filesystem::rename(away, here);
  CHECK(store.ping(no_deadline).has_value());
  CHECK(found_name(store, 1) == "Ada");
}

TEST_CASE("sqlite: a store may start before its folder exists") {
  const TemporaryFolder folder;
  SqliteStore store((folder.path() / "data" / "users.db").string());
  CHECK(failure_of(store.ping(no_deadline)) == StoreFailure::unavailable);
  std::filesystem::create_directory(folder.path() / "data");
  CHECK(inserted_id(store, "Ada") == 1);
}

TEST_CASE("sqlite: a file that is no database is corrupt, and a good one in its place is used") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "users.db";
  std::ofstream(file) << std::string(8192, 'x');
  SqliteStore store(file.string());
  CHECK(failure_of(store.ping(no_deadline)) == StoreFailure::corrupt);
  std::filesystem::remove(file);
  CHECK(inserted_id(store, "Ada") == 1);
}
