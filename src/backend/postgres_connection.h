// PostgresConnection: a link to the server with our statements, each prepared when it is first needed: preparing an
// INSERT waits for a lock that a SELECT does not. Used by one thread at a time.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backend/postgres_link.h"
#include "backend/store.h"
#include "core/clock.h"
#include "core/result.h"

namespace users {

class PostgresConnection {
 private:
  struct Key {
    explicit Key() = default;
  };

 public:
  // Connects and brings the database to our schema.
  static holdfast::Result<std::unique_ptr<PostgresConnection>, StoreError> open(const std::string& url,
                                                                                holdfast::TimePoint until);

  PostgresConnection(Key, PostgresLink link) : link_(std::move(link)) {}  // for `open` only

  // The calls of `Store`.
  holdfast::Result<User, StoreError> insert(const UserName& name, holdfast::TimePoint until);
  holdfast::Result<User, StoreError> insert_account(const Account& account, holdfast::TimePoint until);
  holdfast::Result<std::optional<User>, StoreError> find(std::int64_t id, holdfast::TimePoint until);
  holdfast::Result<std::vector<User>, StoreError> page(std::int64_t after, std::size_t limit,
                                                       holdfast::TimePoint until);
  holdfast::Result<Done, StoreError> ping(holdfast::TimePoint until);
  holdfast::Result<Done, StoreError> occupy(holdfast::Duration length, holdfast::TimePoint until);

  // Before a call: the server has not closed the connection meanwhile.
  bool usable() const noexcept { return link_.quiet(); }

  // After a call: it can not be used again.
  bool lost() const noexcept { return link_.lost(); }

 private:
  enum class Statement : std::uint8_t { insert, insert_account, find, page, ping, occupy };
  static constexpr std::size_t statement_count = 6;
  struct Text {
    const char* name;
    const char* sql;
  };
  static Text text_of(Statement statement) noexcept;

  PostgresLink::Answer run(Statement statement, holdfast::TimePoint until, PostgresLink::Parameters parameters = {});

  PostgresLink link_;
  std::bitset<statement_count> prepared_;
};

}  // namespace users
