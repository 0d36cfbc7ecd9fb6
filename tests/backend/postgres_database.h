// PostgresDatabase: a schema of its own on the server that HOLDFAST_TEST_POSTGRES names, gone when the test ends.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <vector>

#include "backend/postgres_store.h"
#include "store_contract.h"

// For `doctest::skip`. Says so on stdout, once: a store that was not tested is no store that works.
bool postgres_is_missing();

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase();
  ~PostgresDatabase() override;

  users::Store& open() override;
  void cut() override;

  // Ends connections of stores, idle or in a call; how many there were.
  int terminate(const std::string& condition = "true");

  // Returns when a statement of a store waits for a lock.
  void wait_for_blocked_call();

  // One statement beside the stores, and the first field of its answer.
  std::string ask(const std::string& sql);

  const std::string& url() const { return url_; }

 private:
  struct Finish {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
  };

  std::string schema_;
  std::string url_;
  std::unique_ptr<PGconn, Finish> beside_;
  std::vector<std::unique_ptr<users::PostgresStore>> stores_;
};
