#include "backend/sqlite_error.h"

#include <string>

namespace users {
namespace {

struct NamedFailure {
  int primary_code;
  StoreFailure failure;
};

// What is not listed is `unavailable`: the file cannot be opened, read, written or grown.
constexpr NamedFailure named_failures[] = {
    {SQLITE_BUSY, StoreFailure::timeout},
    {SQLITE_LOCKED, StoreFailure::timeout},
    {SQLITE_INTERRUPT, StoreFailure::timeout},
    {SQLITE_CORRUPT, StoreFailure::corrupt},
    {SQLITE_NOTADB, StoreFailure::corrupt},
    {SQLITE_FORMAT, StoreFailure::corrupt},
    {SQLITE_MISMATCH, StoreFailure::corrupt},
    {SQLITE_CONSTRAINT, StoreFailure::corrupt},  // one that no valid value can violate: not our table
    {SQLITE_ERROR, StoreFailure::corrupt},       // a table or a column is missing
};

StoreFailure failure_of(int code) noexcept {
  if (code == SQLITE_CONSTRAINT_UNIQUE) return StoreFailure::conflict;
  const int primary_code = code & 0xff;
  for (const NamedFailure& named : named_failures) {
    if (named.primary_code == primary_code) return named.failure;
  }
  return StoreFailure::unavailable;
}

}  // namespace

StoreError sqlite_error(sqlite3* database, int code) {
  const StoreFailure failure = failure_of(code);
  if ((code & 0xff) == SQLITE_INTERRUPT) return {failure, "the call took longer than it may"};
  const std::string cause = database == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database);
  return {failure, cause + " (sqlite " + std::to_string(code) + ")"};
}

}  // namespace users
