#include "backend/sqlite_connection.h"

#include <chrono>
#include <utility>

namespace users {
namespace {

using holdfast::Duration;
using holdfast::Result;
using holdfast::TimePoint;
using std::chrono::milliseconds;

constexpr const char* schema = "CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT";
constexpr milliseconds pause_step{5};       // one row of the statement behind `occupy`
constexpr int opcodes_between_checks = 50;  // about one or two such rows

struct NamedFailure {
  int primary_code;
  StoreFailure failure;
};
// What is not listed is `unavailable`: the file cannot be opened, read, written or grown.
constexpr NamedFailure named_failures[] = {
    {SQLITE_BUSY, StoreFailure::timeout},      {SQLITE_LOCKED, StoreFailure::timeout},
    {SQLITE_INTERRUPT, StoreFailure::timeout}, {SQLITE_CONSTRAINT, StoreFailure::conflict},
    {SQLITE_CORRUPT, StoreFailure::corrupt},   {SQLITE_NOTADB, StoreFailure::corrupt},
    {SQLITE_FORMAT, StoreFailure::corrupt},    {SQLITE_MISMATCH, StoreFailure::corrupt},
};

StoreFailure failure_of(int code) noexcept {
  const int primary_code = code & 0xff;
  for (const NamedFailure& named : named_failures) {
    if (named.primary_code == primary_code) return named.failure;
  }
  return StoreFailure::unavailable;
}

// SQL function pause(x): waits one step, so that a slow statement costs no processor time.
void pause(sqlite3_context* context, int, sqlite3_value**) noexcept {
  sqlite3_sleep(static_cast<int>(pause_step.count()));
  sqlite3_result_int(context, 1);
}

std::string text_column(sqlite3_stmt* row, int column) {
  const void* bytes = sqlite3_column_blob(row, column);
  const int size = sqlite3_column_bytes(row, column);
  if (bytes == nullptr || size <= 0) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

}  // namespace

// One execution of a prepared statement; resets it however the call ends.
class SqliteConnection::Run {
 public:
  Run(SqliteConnection& connection, Statement& statement, TimePoint until)
      : connection_(connection), statement_(statement.get()) {
    connection_.until_ = until;
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

  void bind(int index, std::int64_t value) noexcept { keep(sqlite3_bind_int64(statement_, index, value)); }
  void bind(int index, const std::string& text) noexcept {
    keep(sqlite3_bind_text64(statement_, index, text.data(), text.size(), nullptr, SQLITE_UTF8));
  }

  // True while there is a row. `code()` tells a clean end from a failure.
  bool step() noexcept {
    if (code_ != SQLITE_OK && code_ != SQLITE_ROW) return false;
    code_ = connection_.expired() ? SQLITE_INTERRUPT : sqlite3_step(statement_);
    return code_ == SQLITE_ROW;
  }

  bool failed() const noexcept { return code_ != SQLITE_OK && code_ != SQLITE_ROW && code_ != SQLITE_DONE; }
  StoreError error() const { return connection_.error(code_); }
  sqlite3_stmt* row() const noexcept { return statement_; }

 private:
  void keep(int code) noexcept {
    if (code_ == SQLITE_OK) code_ = code;
  }

  SqliteConnection& connection_;
  sqlite3_stmt* statement_;
  int code_ = SQLITE_OK;
};

Result<std::unique_ptr<SqliteConnection>, StoreError> SqliteConnection::open(const std::string& uri, Journal journal,
                                                                             TimePoint until) {
  sqlite3* raw = nullptr;
  constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
  const int opened = sqlite3_open_v2(uri.c_str(), &raw, flags, nullptr);
  Database database(raw);  // set even when opening failed
  if (opened != SQLITE_OK) {
    return StoreError{failure_of(opened), raw == nullptr ? "out of memory" : sqlite3_errmsg(raw)};
  }
  auto connection = std::make_unique<SqliteConnection>(Key{}, std::move(database));
  connection->until_ = until;
  sqlite3_busy_handler(raw, &SqliteConnection::on_busy, connection.get());
  sqlite3_progress_handler(raw, opcodes_between_checks, &SqliteConnection::on_progress, connection.get());
  const int prepared = connection->prepare_all(journal);
  if (prepared != SQLITE_OK) return connection->error(prepared);
  return connection;
}

int SqliteConnection::prepare_all(Journal journal) {
  // WAL with NORMAL: a crash of the process loses nothing, a power cut may lose the last commits, none is torn.
  constexpr const char* wal = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL";
  constexpr const char* memory = "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF";
  const char* pragmas = journal == Journal::wal ? wal : memory;
  int code = sqlite3_exec(database_.get(), pragmas, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) code = sqlite3_exec(database_.get(), schema, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) {
    code = sqlite3_create_function(database_.get(), "pause", 1, SQLITE_UTF8, nullptr, &pause, nullptr, nullptr);
  }
  if (code == SQLITE_OK) code = prepare(insert_, "INSERT INTO users (name) VALUES (?1)");
  if (code == SQLITE_OK) code = prepare(find_, "SELECT name FROM users WHERE id = ?1");
  if (code == SQLITE_OK) code = prepare(ping_, "SELECT 1 FROM users LIMIT 1");
  if (code == SQLITE_OK) {
    code = prepare(occupy_,
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
                   "SELECT sum(pause(i)) FROM n");
  }
  return code;
}

int SqliteConnection::prepare(Statement& statement, const char* sql) noexcept {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  statement.reset(raw);
  return code;
}

StoreError SqliteConnection::error(int code) const {
  const StoreFailure failure = failure_of(code);
  if ((code & 0xff) == SQLITE_INTERRUPT) return {failure, "the call took longer than it may"};
  const std::string cause = sqlite3_errmsg(database_.get());
  return {failure, cause + " (sqlite " + std::to_string(sqlite3_extended_errcode(database_.get())) + ")"};
}

int SqliteConnection::on_progress(void* self) noexcept {
  return static_cast<SqliteConnection*>(self)->expired() ? 1 : 0;  // 1 interrupts the statement
}

int SqliteConnection::on_busy(void* self, int attempt) noexcept {
  if (static_cast<SqliteConnection*>(self)->expired()) return 0;  // 0 gives up
  sqlite3_sleep(attempt < 10 ? 1 : 10);                           // milliseconds
  return 1;
}

Result<User, StoreError> SqliteConnection::insert(const Name& name, TimePoint until) {
  Run run(*this, insert_, until);
  run.bind(1, name.text());
  run.step();
  if (run.failed()) return run.error();
  return User{sqlite3_last_insert_rowid(database_.get()), name.text()};
}

Result<std::optional<User>, StoreError> SqliteConnection::find(std::int64_t id, TimePoint until) {
  Run run(*this, find_, until);
  run.bind(1, id);
  const bool found = run.step();
  if (run.failed()) return run.error();
  if (!found) return std::optional<User>{};
  return std::optional<User>{User{id, text_column(run.row(), 0)}};
}

Result<Done, StoreError> SqliteConnection::ping(TimePoint until) {
  Run run(*this, ping_, until);
  run.step();
  if (run.failed()) return run.error();
  return Done{};
}

Result<Done, StoreError> SqliteConnection::occupy(Duration length, TimePoint until) {
  Run run(*this, occupy_, until);
  run.bind(1, length / pause_step);
  run.step();
  if (run.failed()) return run.error();
  return Done{};
}

bool SqliteConnection::moved() const noexcept {
  int moved = 0;
  const int code = sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return code == SQLITE_OK && moved != 0;
}

}  // namespace users
