// SqliteStore on real files and in memory: the contract, its schema, how it fails, and that it recovers by itself.
#include "backend/sqlite_store.h"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "store_contract.h"
#include "store_samples.h"
#include "temporary_folder.h"

namespace {

using namespace users;

class SqliteFile final : public Database {
 public:
  Store& open() override {
    stores_.push_back(std::make_unique<SqliteStore>(file()));
    return *stores_.back();
  }

  // The file is replaced by a copy of itself, as a restored backup would.
  void cut() override {
    const std::string copy = folder_.path() / "copy.db";
    run("VACUUM INTO '" + copy + "'");
    for (const char* ending : {"-wal", "-shm"}) std::filesystem::remove(file() + ending);
    std::filesystem::rename(copy, file());
  }

  std::string file() const { return folder_.path() / "users.db"; }

  // One statement by another process, so to speak, and the first column of its last row.
  std::string run(const std::string& sql) const {
    const auto database = connect();
    std::string answer;
    const auto keep = [](void* kept, int, char** values, char**) {
      *static_cast<std::string*>(kept) = values[0] == nullptr ? "" : values[0];
      return 0;
    };
    INFO(sql, ": ", sqlite3_errmsg(database.get()));
    REQUIRE(sqlite3_exec(database.get(), sql.c_str(), keep, &answer, nullptr) == SQLITE_OK);
    return answer;
  }

  struct CloseDatabase {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };
  using Connection = std::unique_ptr<sqlite3, CloseDatabase>;

  Connection connect() const {
    sqlite3* raw = nullptr;
    REQUIRE(sqlite3_open(file().c_str(), &raw) == SQLITE_OK);
    return Connection(raw);
  }

  // Held until the connection goes.
  Connection lock() const {
    auto database = connect();
    REQUIRE(sqlite3_exec(database.get(), "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
    return database;
  }

 private:
  TemporaryFolder folder_;
  std::vector<std::unique_ptr<SqliteStore>> stores_;
};

class SqliteMemory final : public Database {
 public:
  Store& open() override { return store_; }
  void cut() override {}

 private:
  SqliteStore store_{":memory:"};
};

constexpr const char* first_schema = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;";

}  // namespace

TEST_CASE("sqlite: a file keeps the contract of a store") {
  SqliteFile database;
  check_store_contract(database);
}

TEST_CASE("sqlite: memory keeps the contract of a store") {
  SqliteMemory database;
  check_store_contract(database);
}

TEST_CASE("sqlite: a file of the first program is brought to the newest schema, and its users stay") {
  SqliteFile database;
  database.run(std::string(first_schema) + "INSERT INTO users (name) VALUES ('Ada'), ('Grace')");
  Store& store = database.open();
  CHECK(page_of(store, 0, 10) == "Ada Grace ");
  CHECK(registered_id(store, account("Edith", "edith@clarke.example")) == 3);
  CHECK(database.run("PRAGMA user_version") == "2");
}

TEST_CASE("sqlite: a file of a newer program is refused and left alone") {
  SqliteFile database;
  database.run("PRAGMA user_version=99");
  const auto outcome = database.open().ping(no_deadline);
  CHECK(failure_of(outcome) == StoreFailure::corrupt);
  CHECK(outcome.error().cause == "the database has schema version 99, this program knows 0 to 2");
  CHECK(database.run("SELECT count(*) FROM sqlite_schema") == "0");
}

TEST_CASE("sqlite: a table of somebody else is not touched, and nothing is half-written") {
  SqliteFile database;
  database.run("CREATE TABLE users (key TEXT)");
  CHECK(failure_of(database.open().ping(no_deadline)) == StoreFailure::corrupt);
  CHECK(database.run("PRAGMA user_version") == "0");
  database.run("DROP TABLE users");
  database.run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age TEXT)");  // step 2 begins and fails
  CHECK(failure_of(database.open().ping(no_deadline)) == StoreFailure::corrupt);
  CHECK(database.run("PRAGMA user_version") == "0");
  CHECK(database.run("SELECT count(*) FROM pragma_table_info('users')") == "3");
}

TEST_CASE("sqlite: processes that start at once all find one schema") {
  SqliteFile database;
  std::vector<Store*> stores;
  for (int i = 0; i < 6; ++i) stores.push_back(&database.open());
  std::vector<std::string> causes(stores.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < stores.size(); ++i) {
      threads.emplace_back([store = stores[i], &cause = causes[i]] {
        if (const auto pinged = store->ping(no_deadline); !pinged) cause = pinged.error().cause;
      });
    }
  }
  for (const std::string& cause : causes) CHECK(cause.empty());
  CHECK(database.run("PRAGMA user_version") == "2");
}

TEST_CASE("sqlite: only a taken address is a conflict") {
  SqliteFile database;
  Store& store = database.open();
  inserted_id(store, "Ada");
  database.run("CREATE TRIGGER strange BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, 'no'); END");
  CHECK(failure_of(store.insert(user_name("Grace"), no_deadline)) == StoreFailure::corrupt);
  database.run("DROP TRIGGER strange");
  database.run("CREATE TRIGGER strange BEFORE INSERT ON users BEGIN SELECT RAISE(IGNORE); END");
  CHECK(failure_of(store.insert(user_name("Grace"), no_deadline)) == StoreFailure::corrupt);
  CHECK(failure_of(store.insert_account(account("Grace", "g@x.example"), no_deadline)) == StoreFailure::corrupt);
  database.run("DROP TRIGGER strange");
  CHECK(inserted_id(store, "Grace") == 2);
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
  SqliteStore store("/" + file);
  CHECK(found_name(store, 1) == "Ada");
}

TEST_CASE("sqlite: a lock held by another writer is a timeout, reads go on, and writes recover") {
  SqliteFile database;
  Store& store = database.open();
  CHECK(inserted_id(store, "Ada") == 1);
  {
    const auto lock = database.lock();
    CHECK(failure_of(store.insert(user_name("Grace"), soon())) == StoreFailure::timeout);
    CHECK(failure_of(store.insert_account(account("Grace", "g@x.example"), soon())) == StoreFailure::timeout);
    CHECK(found_name(store, 1) == "Ada");
  }
  CHECK(inserted_id(store, "Grace") == 2);
}

TEST_CASE("sqlite: a new file that somebody has locked is a timeout, then a store") {
  SqliteFile database;
  Store& store = database.open();
  {
    const auto lock = database.lock();
    CHECK(failure_of(store.ping(soon())) == StoreFailure::timeout);
  }
  CHECK(inserted_id(store, "Ada") == 1);
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
