// PostgresLink: one connection to a PostgreSQL server, by libpq without blocking: every call ends by its deadline.
//
// A call that runs out of time leaves the link lost: what the server still does for it ends by the server's own
// timeouts, and the answer is read by nobody. One thing can take longer than the deadline: libpq looks up a host name
// as the system's resolver does, blocking. Causes hold the server's words, never its details, which repeat values, and
// never the URL. Used by one thread at a time.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>

#include "backend/postgres_error.h"
#include "backend/store.h"
#include "core/clock.h"
#include "core/result.h"

namespace users {

// The rows of an answer, as text.
class PostgresRows {
 public:
  explicit PostgresRows(PGresult* rows) noexcept : rows_(rows) {}

  int count() const noexcept { return PQntuples(rows_.get()); }
  std::string text(int row, int column) const;
  std::int64_t integer(int row, int column) const noexcept;  // 0 for what is no number

  const PGresult* get() const noexcept { return rows_.get(); }

 private:
  struct FreeRows {
    void operator()(PGresult* rows) const noexcept { PQclear(rows); }
  };
  std::unique_ptr<PGresult, FreeRows> rows_;
};

class PostgresLink {
 public:
  using Parameters = std::initializer_list<const char*>;
  using Answer = holdfast::Result<PostgresRows, StoreError>;

  static holdfast::Result<PostgresLink, StoreError> connect(const std::string& url, holdfast::TimePoint until);

  // One statement each; values go beside it as $1, $2, …, never inside.
  Answer run(const char* sql, holdfast::TimePoint until, Parameters parameters = {});
  Answer prepare(const char* name, const char* sql, holdfast::TimePoint until);
  Answer run_prepared(const char* name, holdfast::TimePoint until, Parameters parameters = {});

  // Of an idle link: nothing has come from the server. What could come is the end of the connection, or a notice, and a
  // new connection costs less than telling them apart.
  bool quiet() const noexcept;

  // The connection is broken, or a call on it ended before its answer came.
  bool lost() const noexcept;

 private:
  struct Finish {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
  };

  explicit PostgresLink(PGconn* connection) noexcept : connection_(connection) {}

  std::optional<StoreError> await_connected(holdfast::TimePoint until);
  Answer complete(int sent, holdfast::TimePoint until);
  std::optional<StoreError> flush(holdfast::TimePoint until);
  std::optional<StoreError> await(short events, holdfast::TimePoint until) const;
  StoreError broken() const { return postgres_error(connection_.get()); }

  std::unique_ptr<PGconn, Finish> connection_;
};

}  // namespace users
