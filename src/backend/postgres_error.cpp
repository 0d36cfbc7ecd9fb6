#include "backend/postgres_error.h"

#include <string>
#include <string_view>

namespace users {
namespace {

struct NamedFailure {
  std::string_view states;  // an SQLSTATE, or the beginning of several
  StoreFailure failure;
};

// The first that fits. What is not listed is `unavailable`: the server is going or coming (57P01 to 57P03), out of
// connections, memory or disk (53), read-only (25006), or will not have us (28, 42501).
constexpr NamedFailure named_failures[] = {
    {"57014", StoreFailure::timeout},      // statement_timeout
    {"55P03", StoreFailure::timeout},      // lock_timeout
    {"42501", StoreFailure::unavailable},  // no privilege, which can be granted
    {"42", StoreFailure::corrupt},         // a table or a column is missing, or is not ours
    {"23", StoreFailure::corrupt},         // a constraint that no valid value can violate: not our table
    {"XX001", StoreFailure::corrupt},      // data_corrupted
    {"XX002", StoreFailure::corrupt},      // index_corrupted
};

std::string_view view_of(const char* text) noexcept { return text == nullptr ? std::string_view{} : text; }

StoreFailure failure_of(std::string_view state, std::string_view constraint) noexcept {
  if (state == "23505" && constraint == postgres_email_constraint) return StoreFailure::conflict;
  for (const NamedFailure& named : named_failures) {
    if (state.starts_with(named.states)) return named.failure;
  }
  return StoreFailure::unavailable;
}

// Line ends and tabs become one space, none at the ends.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = static_cast<unsigned char>(c) <= ' ';
    if (!blank) line += c;
    if (blank && !line.empty() && line.back() != ' ') line += ' ';
  }
  if (line.ends_with(' ')) line.pop_back();
  return line;
}

}  // namespace

StoreError postgres_error(const PGresult* failed) {
  const std::string_view state = view_of(PQresultErrorField(failed, PG_DIAG_SQLSTATE));
  const std::string_view constraint = view_of(PQresultErrorField(failed, PG_DIAG_CONSTRAINT_NAME));
  // Without a state it is libpq that speaks: of the connection, not of values.
  if (state.empty()) return {StoreFailure::unavailable, one_line(view_of(PQresultErrorMessage(failed)))};
  std::string cause = one_line(view_of(PQresultErrorField(failed, PG_DIAG_MESSAGE_PRIMARY)));
  cause.append(" (postgres ").append(state).append(")");
  return {failure_of(state, constraint), std::move(cause)};
}

StoreError postgres_error(const PGconn* broken) {
  return {StoreFailure::unavailable, one_line(view_of(PQerrorMessage(broken)))};
}

StoreError postgres_too_late() { return {StoreFailure::timeout, "the call took longer than it may"}; }

}  // namespace users
