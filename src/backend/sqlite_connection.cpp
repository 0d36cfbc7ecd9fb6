#include "backend/sqlite_connection.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "backend/sqlite_error.h"
#include "backend/sqlite_migrations.h"

namespace users {
namespace {

using holdfast::Duration;
using holdfast::Result;
using holdfast::TimePoint;
using std::chrono::milliseconds;

constexpr milliseconds pause_step{5};       // one row of the statement behind `occupy`
constexpr int opcodes_between_checks = 50;  // about one or two such rows

// SQL function pause(x): waits one step, so that a slow statement costs no processor time.
void pause(sqlite3_context* context, int, sqlite3_value**) noexcept {
  sqlite3_sleep(static_cast<int>(pause_step.count()));
  sqlite3_result_int(context, 1);
}

// Whatever keeps it busy: another process that recovers the log has an extended code of its own.
bool is_busy(int code) noexcept { return (code & 0xff) == SQLITE_BUSY; }

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
    connection_.last_code_ = code_;
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
  if (opened != SQLITE_OK) return sqlite_error(raw, opened);
  if (sqlite3_db_readonly(raw, "main") != 0) {  // reading on would leave a log behind that nobody may write
    return StoreError{StoreFailure::unavailable, "the file may not be written"};
  }
  auto connection = std::make_unique<SqliteConnection>(Key{}, std::move(database));
  connection->until_ = until;
  if (const int code = connection->configure(journal); code != SQLITE_OK) return connection->error(code);
  if (auto migrated = migrate(raw); !migrated) return std::move(migrated).error();
  // From here on: the work of a long migration is not thrown away at the deadline, only its locks are not waited for.
  sqlite3_progress_handler(raw, opcodes_between_checks, &SqliteConnection::on_progress, connection.get());
  if (const int code = connection->prepare_all(); code != SQLITE_OK) return connection->error(code);
  return connection;
}

int SqliteConnection::configure(Journal journal) noexcept {
  sqlite3* const database = database_.get();
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_handler(database, &SqliteConnection::on_busy, this);
  // FULL: what a client was told is on the disk, even after a power cut.
  constexpr const char* wal = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL";
  constexpr const char* memory = "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF";
  const char* pragmas = journal == Journal::wal ? wal : memory;
  int code = SQLITE_BUSY;  // a switch to WAL beside another process does not ask the busy handler
  for (int attempt = 0; is_busy(code); ++attempt) {
    code = sqlite3_exec(database, pragmas, nullptr, nullptr, nullptr);
    if (is_busy(code) && on_busy(this, attempt) == 0) break;
  }
  if (code != SQLITE_OK) return code;
  return sqlite3_create_function(database, "pause", 1, SQLITE_UTF8, nullptr, &pause, nullptr, nullptr);
}

int SqliteConnection::prepare_all() noexcept {
  int code = prepare(insert_, "INSERT INTO users (name) VALUES (?1)");
  if (code == SQLITE_OK) {
    code = prepare(insert_account_,
                   "INSERT INTO users (name, email, email_key, age, password_hash) VALUES (?1, ?2, ?3, ?4, ?5)");
  }
  if (code == SQLITE_OK) code = prepare(find_, "SELECT name FROM users WHERE id = ?1");
  if (code == SQLITE_OK) code = prepare(page_, "SELECT id, name FROM users WHERE id > ?1 ORDER BY id LIMIT ?2");
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

int SqliteConnection::on_progress(void* self) noexcept {
  return static_cast<SqliteConnection*>(self)->expired() ? 1 : 0;  // 1 interrupts the statement
}

int SqliteConnection::on_busy(void* self, int attempt) noexcept {
  if (static_cast<SqliteConnection*>(self)->expired()) return 0;  // 0 gives up
  sqlite3_sleep(attempt < 10 ? 1 : 10);                           // milliseconds
  return 1;
}

Result<User, StoreError> SqliteConnection::insert(const UserName& name, TimePoint until) {
  Run run(*this, insert_, until);
  run.bind(1, name.text());
  run.step();
  if (run.failed()) return run.error();
  return inserted(name);
}

Result<User, StoreError> SqliteConnection::insert_account(const Account& account, TimePoint until) {
  Run run(*this, insert_account_, until);
  run.bind(1, account.name.text());
  run.bind(2, account.email.text());
  run.bind(3, account.email.key());
  run.bind(4, std::int64_t{account.age.years()});
  run.bind(5, account.password.text);
  run.step();
  if (run.failed()) return run.error();
  return inserted(account.name);
}

Result<User, StoreError> SqliteConnection::inserted(const UserName& name) const {
  // A trigger of somebody else can leave the row out without an error.
  if (sqlite3_changes(database_.get()) != 1) return StoreError{StoreFailure::corrupt, "the row was not stored"};
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

Result<std::vector<User>, StoreError> SqliteConnection::page(std::int64_t after, std::size_t limit, TimePoint until) {
  Run run(*this, page_, until);
  run.bind(1, after);
  run.bind(2, static_cast<std::int64_t>(limit));
  std::vector<User> users;
  while (run.step()) users.push_back({sqlite3_column_int64(run.row(), 0), text_column(run.row(), 1)});
  if (run.failed()) return run.error();
  return users;
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

bool SqliteConnection::usable() const noexcept {
  int moved = 0;
  const int code = sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return code != SQLITE_OK || moved == 0;
}

bool SqliteConnection::lost() const noexcept {
  constexpr int harmless[] = {SQLITE_OK,     SQLITE_ROW,       SQLITE_DONE,       SQLITE_BUSY,
                              SQLITE_LOCKED, SQLITE_INTERRUPT, SQLITE_CONSTRAINT, SQLITE_FULL};
  if (sqlite3_get_autocommit(database_.get()) == 0) return true;  // a transaction that we did not begin
  const bool listed = std::ranges::find(harmless, last_code_ & 0xff) != std::end(harmless);
  return !listed && last_code_ != SQLITE_IOERR_WRITE;
}

}  // namespace users
