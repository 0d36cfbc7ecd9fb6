// PostgresStore on a real server: the contract, its schema, and how it fails and heals. What needs no server is below.
#include "backend/postgres_store.h"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include "backend/listen_socket.h"
#include "postgres_database.h"
#include "store_samples.h"

namespace {

using namespace users;

const auto needs_server = doctest::skip(postgres_is_missing());

template <class T>
std::string cause_of(const holdfast::Result<T, StoreError>& outcome) {
  return outcome ? "no failure" : outcome.error().cause;
}

// A server that takes connections and never says a word.
ListenSocket silent_server() {
  const auto any = parse_address("127.0.0.1:0");
  REQUIRE(any.has_value());
  auto socket = open_listen_socket(*any);
  REQUIRE(socket.has_value());
  return std::move(socket).value();
}

}  // namespace

TEST_CASE("postgres: keeps the contract of a store" * needs_server) {
  PostgresDatabase database;
  check_store_contract(database);
}

TEST_CASE("postgres: a database of version 1 is brought to the newest, and its users stay" * needs_server) {
  PostgresDatabase database;
  database.ask("CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL)");
  database.ask("INSERT INTO users (name) VALUES ('Ada')");
  database.ask("CREATE TABLE users_schema AS SELECT 1 AS version");
  Store& store = database.open();
  CHECK(found_name(store, 1) == "Ada");
  CHECK(registered_id(store, account("Grace", "grace@navy.example")) == 2);
  CHECK(database.ask("SELECT version FROM users_schema") == "2");
}

TEST_CASE("postgres: a database of a newer program is refused and left alone" * needs_server) {
  PostgresDatabase database;
  database.ask("CREATE TABLE users_schema AS SELECT 99 AS version");
  const auto outcome = database.open().ping(no_deadline);
  CHECK(failure_of(outcome) == StoreFailure::corrupt);
  CHECK(cause_of(outcome) == "the database has schema version 99, this program knows 0 to 2");
  CHECK(database.ask("SELECT count(to_regclass('users'))") == "0");
  database.ask("DROP TABLE users_schema");
  CHECK(inserted_id(database.open(), "Ada") == 1);
}

TEST_CASE("postgres: a table of somebody else is not touched, and nothing is half-written" * needs_server) {
  PostgresDatabase database;
  database.ask("CREATE TABLE users (id bigint, name text, email text)");
  CHECK(failure_of(database.open().ping(no_deadline)) == StoreFailure::corrupt);
  CHECK(database.ask("SELECT count(to_regclass('users_schema'))") == "0");
  database.ask("CREATE TABLE users_schema AS SELECT 1 AS version");  // step 2 begins and fails
  CHECK(failure_of(database.open().ping(no_deadline)) == StoreFailure::corrupt);
  CHECK(database.ask("SELECT version FROM users_schema") == "1");
  CHECK(database.ask("SELECT count(*) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0") == "3");
}

TEST_CASE("postgres: processes that start at once all find one schema" * needs_server) {
  PostgresDatabase database;
  std::vector<Store*> stores;
  for (int i = 0; i < 6; ++i) stores.push_back(&database.open());
  std::vector<std::string> causes(stores.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < stores.size(); ++i) {
      threads.emplace_back([store = stores[i], &cause = causes[i]] { cause = cause_of(store->ping(no_deadline)); });
    }
  }
  for (const std::string& cause : causes) CHECK(cause == "no failure");
  CHECK(database.ask("SELECT count(*) FROM users_schema") == "1");
}

TEST_CASE("postgres: a table that vanishes is corrupt, not a crash" * needs_server) {
  PostgresDatabase database;
  Store& store = database.open();
  inserted_id(store, "Ada");
  database.ask("ALTER TABLE users RENAME TO hidden");
  CHECK(failure_of(store.find(1, no_deadline)) == StoreFailure::corrupt);
  database.ask("ALTER TABLE hidden RENAME TO users");
  CHECK(found_name(store, 1) == "Ada");
}

TEST_CASE("postgres: only a taken address is a conflict, and a cause repeats no values" * needs_server) {
  PostgresDatabase database;
  Store& store = database.open();
  registered_id(store, account("Ada", "ada@engine.example"));
  const auto taken = store.insert_account(account("Eve", "ada@engine.example"), no_deadline);
  CHECK(failure_of(taken) == StoreFailure::conflict);
  CHECK(cause_of(taken) == "duplicate key value violates unique constraint \"users_email_key\" (postgres 23505)");
  database.ask("SELECT setval(pg_get_serial_sequence('users', 'id'), 1, false)");  // as after a bad restore
  CHECK(failure_of(store.insert(user_name("Grace"), no_deadline)) == StoreFailure::corrupt);
  database.ask("ALTER TABLE users ADD CONSTRAINT strange CHECK (password_hash <> 'marker')");
  const auto strange = store.insert_account(account("Grace", "grace@navy.example", "marker"), no_deadline);
  CHECK(failure_of(strange) == StoreFailure::corrupt);
  CHECK(cause_of(strange).find("marker") == std::string::npos);
  database.ask("CREATE FUNCTION ignore() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
  database.ask("CREATE TRIGGER ignore BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION ignore()");
  CHECK(failure_of(store.insert(user_name("Grace"), no_deadline)) == StoreFailure::corrupt);
  CHECK(failure_of(store.insert_account(account("Grace", "g@x.example"), no_deadline)) == StoreFailure::corrupt);
}

TEST_CASE("postgres: a lock held by somebody else is a timeout at the deadline, and nothing is written" *
          needs_server) {
  PostgresDatabase database;
  Store& store = database.open();
  inserted_id(store, "Ada");
  database.ask("BEGIN");
  database.ask("LOCK TABLE users IN EXCLUSIVE MODE");
  CHECK(failure_of(store.insert(user_name("late"), soon())) == StoreFailure::timeout);
  CHECK(found_name(store, 1) == "Ada");
  database.wait_for_blocked_call();  // the abandoned insert
  database.terminate("wait_event_type = 'Lock'");
  database.ask("COMMIT");
  CHECK(inserted_id(store, "Grace") > 1);
  CHECK(page_of(store, 0, 10) == "Ada Grace ");
}

TEST_CASE("postgres: a read whose connection breaks is done once more" * needs_server) {
  PostgresDatabase database;
  Store& store = database.open();
  inserted_id(store, "Ada");
  database.ask("BEGIN");
  database.ask("LOCK TABLE users");
  auto found = store.find(0, past);
  std::jthread reader([&] { found = store.find(1, no_deadline); });
  database.wait_for_blocked_call();
  CHECK(database.terminate() == 1);
  database.wait_for_blocked_call();  // again
  database.ask("COMMIT");
  reader.join();
  REQUIRE(found.has_value());
  CHECK((found.value() && found.value()->name == "Ada"));
}

TEST_CASE("postgres: a write whose connection breaks is not repeated" * needs_server) {
  PostgresDatabase database;
  Store& store = database.open();
  inserted_id(store, "Ada");
  database.ask("BEGIN");
  database.ask("LOCK TABLE users");
  auto written = store.insert(user_name("late"), past);
  std::jthread writer([&] { written = store.insert(user_name("Grace"), no_deadline); });
  database.wait_for_blocked_call();
  CHECK(database.terminate() == 1);
  database.ask("COMMIT");
  writer.join();
  CHECK(failure_of(written) == StoreFailure::unavailable);
  CHECK(cause_of(written) == "terminating connection due to administrator command (postgres 57P01)");
  CHECK(page_of(store, 0, 10) == "Ada ");
}

TEST_CASE("postgres: a server that only reads is unavailable for writes, until it writes again" * needs_server) {
  PostgresDatabase database;
  Store& store = database.open();
  inserted_id(store, "Ada");
  database.ask("ALTER ROLE CURRENT_USER SET default_transaction_read_only = on");
  database.cut();
  CHECK(found_name(store, 1) == "Ada");
  CHECK(failure_of(store.insert(user_name("Grace"), no_deadline)) == StoreFailure::unavailable);
  database.ask("ALTER ROLE CURRENT_USER RESET default_transaction_read_only");
  inserted_id(store, "Grace");
  CHECK(page_of(store, 0, 10) == "Ada Grace ");
}

TEST_CASE("postgres: a wrong password is unavailable, and is not told" * needs_server) {
  const PostgresDatabase database;
  std::string url = database.url();
  const auto at = url.find('@');
  url.replace(url.rfind(':', at) + 1, at - url.rfind(':', at) - 1, "wrong-secret");
  const auto outcome = PostgresStore(url).ping(no_deadline);
  CHECK(failure_of(outcome) == StoreFailure::unavailable);
  CHECK(cause_of(outcome).find("password authentication failed") != std::string::npos);
  CHECK(cause_of(outcome).find("wrong-secret") == std::string::npos);
}

TEST_CASE("postgres: a server that says nothing costs no more than the deadline") {
  const ListenSocket server = silent_server();
  PostgresStore store("postgres://ada:secret@" + server.address + "/users");
  const auto outcome = store.insert(user_name("Ada"), soon());
  CHECK(failure_of(outcome) == StoreFailure::timeout);
  CHECK(cause_of(outcome) == "the call took longer than it may");
  CHECK(failure_of(store.ping(soon())) == StoreFailure::timeout);
}

TEST_CASE("postgres: no server is unavailable, in words without the password") {
  std::string address;
  {
    const ListenSocket gone = silent_server();
    address = gone.address;
  }
  const auto outcome = PostgresStore("postgres://ada:secret@" + address + "/users").ping(no_deadline);
  CHECK(failure_of(outcome) == StoreFailure::unavailable);
  CHECK(cause_of(outcome).find("Connection refused") != std::string::npos);
  CHECK(cause_of(outcome).find("secret") == std::string::npos);
}
