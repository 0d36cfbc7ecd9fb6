#include "postgres_database.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>

namespace {

std::string server_url() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing of the tests changes the environment
  const char* url = std::getenv("HOLDFAST_TEST_POSTGRES");
  return url == nullptr ? "" : url;
}

bool say_when_missing() {
  if (!server_url().empty()) return false;
  std::printf(
      "SKIPPED the store on PostgreSQL: HOLDFAST_TEST_POSTGRES is not set (tests/support/postgres.py sets it)\n");
  return true;
}

}  // namespace

bool postgres_is_missing() {
  static const bool missing = say_when_missing();
  return missing;
}

PostgresDatabase::PostgresDatabase() {
  std::random_device random;
  schema_ = "test_" + std::to_string(random());
  const std::string url = server_url();
  url_ = url + (url.find('?') == std::string::npos ? "?" : "&") + "options=-csearch_path%3D" + schema_;
  beside_.reset(PQconnectdb(url_.c_str()));
  REQUIRE(PQstatus(beside_.get()) == CONNECTION_OK);
  PQsetNoticeReceiver(beside_.get(), [](void*, const PGresult*) {}, nullptr);
  ask("CREATE SCHEMA " + schema_);
}

PostgresDatabase::~PostgresDatabase() {
  stores_.clear();
  PQclear(PQexec(beside_.get(), ("DROP SCHEMA " + schema_ + " CASCADE").c_str()));
}

users::Store& PostgresDatabase::open() {
  stores_.push_back(std::make_unique<users::PostgresStore>(url_));
  return *stores_.back();
}

void PostgresDatabase::cut() { CHECK(terminate() > 0); }

int PostgresDatabase::terminate(const std::string& condition) {
  // The second argument lets it wait, in milliseconds, until the process behind the connection is gone.
  return std::stoi(
      ask("SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
          "WHERE application_name = 'users-service' AND " +
          condition));
}

void PostgresDatabase::wait_for_blocked_call() {
  const std::string blocked =
      "FROM pg_stat_activity WHERE application_name = 'users-service' AND wait_event_type = 'Lock'";
  for (int attempt = 0; attempt < 500; ++attempt) {
    if (ask("SELECT count(*) " + blocked) != "0") return;
    ask("SELECT pg_sleep(0.01), pg_stat_clear_snapshot()");  // inside a transaction the view stands still otherwise
  }
  FAIL("no call is blocked");
}

std::string PostgresDatabase::ask(const std::string& sql) {
  const std::unique_ptr<PGresult, void (*)(PGresult*)> answer(PQexec(beside_.get(), sql.c_str()), PQclear);
  const ExecStatusType status = PQresultStatus(answer.get());
  INFO(sql, ": ", PQresultErrorMessage(answer.get()));
  REQUIRE((status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK));
  return PQntuples(answer.get()) == 0 ? "" : PQgetvalue(answer.get(), 0, 0);
}
