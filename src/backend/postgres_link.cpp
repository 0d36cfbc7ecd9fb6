#include "backend/postgres_link.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>

namespace users {
namespace {

using holdfast::Result;
using holdfast::TimePoint;

// Milliseconds for poll(2), rounded up; a deadline far away is looked at again after a minute.
int poll_wait(TimePoint until, TimePoint now) noexcept {
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - now);
  return static_cast<int>(std::min<std::chrono::milliseconds>(wait, std::chrono::minutes(1)).count());
}

bool is_failure(const PGresult* result) noexcept {
  const ExecStatusType status = PQresultStatus(result);
  return result != nullptr && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
}

int size_of(PostgresLink::Parameters parameters) noexcept { return static_cast<int>(parameters.size()); }

// libpq prints what the server has to say beside its answers ("relation exists, skipping") unless it is told not to.
void drop_notice(void*, const PGresult*) noexcept {}

}  // namespace

std::string PostgresRows::text(int row, int column) const {
  const int size = PQgetlength(rows_.get(), row, column);
  return {PQgetvalue(rows_.get(), row, column), static_cast<std::size_t>(size)};
}

std::int64_t PostgresRows::integer(int row, int column) const noexcept {
  std::int64_t number = 0;
  const std::string_view digits = PQgetvalue(rows_.get(), row, column);
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

Result<PostgresLink, StoreError> PostgresLink::connect(const std::string& url, TimePoint until) {
  if (holdfast::steady_now() >= until) return postgres_too_late();
  // Before the URL: what it may say otherwise. After it: what is ours.
  const char* const names[] = {"gssencmode", "dbname", "application_name", "client_encoding", nullptr};
  const char* const values[] = {"disable", url.c_str(), "users-service", "UTF8", nullptr};
  PostgresLink link(PQconnectStartParams(names, values, 1));
  if (!link.connection_) return StoreError{StoreFailure::unavailable, "out of memory"};
  PQsetNoticeReceiver(link.connection_.get(), drop_notice, nullptr);
  if (auto failed = link.await_connected(until)) return std::move(*failed);
  if (PQsetnonblocking(link.connection_.get(), 1) != 0) return link.broken();
  return link;
}

std::optional<StoreError> PostgresLink::await_connected(TimePoint until) {
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return broken();
  PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
  while (wanted != PGRES_POLLING_OK) {
    if (wanted == PGRES_POLLING_FAILED) return broken();
    if (auto failed = await(wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT, until)) return failed;
    wanted = PQconnectPoll(connection_.get());
  }
  return std::nullopt;
}

PostgresLink::Answer PostgresLink::run(const char* sql, TimePoint until, Parameters parameters) {
  if (holdfast::steady_now() >= until) return postgres_too_late();
  return complete(PQsendQueryParams(connection_.get(), sql, size_of(parameters), nullptr, std::data(parameters),
                                    nullptr, nullptr, 0),
                  until);
}

PostgresLink::Answer PostgresLink::prepare(const char* name, const char* sql, TimePoint until) {
  if (holdfast::steady_now() >= until) return postgres_too_late();
  return complete(PQsendPrepare(connection_.get(), name, sql, 0, nullptr), until);
}

PostgresLink::Answer PostgresLink::run_prepared(const char* name, TimePoint until, Parameters parameters) {
  if (holdfast::steady_now() >= until) return postgres_too_late();
  return complete(
      PQsendQueryPrepared(connection_.get(), name, size_of(parameters), std::data(parameters), nullptr, nullptr, 0),
      until);
}

// Sends what libpq has taken and reads up to the end of the answer. The first failure is the one that counts.
PostgresLink::Answer PostgresLink::complete(int sent, TimePoint until) {
  if (sent == 0) return broken();
  if (auto failed = flush(until)) return std::move(*failed);
  PostgresRows answer(nullptr);
  while (true) {
    while (PQisBusy(connection_.get()) != 0) {
      if (auto failed = await(POLLIN, until)) return std::move(*failed);
      if (PQconsumeInput(connection_.get()) != 0) continue;
      return is_failure(answer.get()) ? postgres_error(answer.get()) : broken();
    }
    PostgresRows next(PQgetResult(connection_.get()));
    if (next.get() == nullptr) break;
    if (!is_failure(answer.get())) answer = std::move(next);
  }
  if (answer.get() == nullptr) return broken();
  if (is_failure(answer.get())) return postgres_error(answer.get());
  return answer;
}

std::optional<StoreError> PostgresLink::flush(TimePoint until) {
  while (true) {
    const int left = PQflush(connection_.get());
    if (left == 0) return std::nullopt;
    if (left < 0) return broken();
    if (auto failed = await(POLLIN | POLLOUT, until)) return failed;
    if (PQconsumeInput(connection_.get()) == 0) return broken();  // a server that waits for us to read takes no more
  }
}

// Until one of `events` or an error is there, which libpq will report.
std::optional<StoreError> PostgresLink::await(short events, TimePoint until) const {
  pollfd socket{PQsocket(connection_.get()), events, 0};
  while (true) {
    const TimePoint now = holdfast::steady_now();
    if (now >= until) return postgres_too_late();
    const int ready = ::poll(&socket, 1, poll_wait(until, now));
    if (ready > 0) return std::nullopt;
    if (ready < 0 && errno != EINTR) return broken();
  }
}

bool PostgresLink::quiet() const noexcept {
  pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
  return ::poll(&socket, 1, 0) == 0;
}

bool PostgresLink::lost() const noexcept {
  return PQstatus(connection_.get()) != CONNECTION_OK || PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
}

}  // namespace users
