// PostgresStore: the users on a PostgreSQL server.
//
// Any thread may call; each call borrows a connection of its own. It heals by itself: an idle connection that the
// server has closed is noticed before it is used, and a read whose connection breaks is done once more on a new one. A
// write is never repeated, since nobody knows whether it took place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "backend/connection_pool.h"
#include "backend/postgres_connection.h"
#include "backend/store.h"

namespace users {

class PostgresStore final : public Store {
 public:
  // Connects to nothing yet, so that the service starts during an outage, too.
  explicit PostgresStore(std::string url) : url_(std::move(url)) {}

  holdfast::Result<User, StoreError> insert(const UserName& name, holdfast::TimePoint until) override;
  holdfast::Result<User, StoreError> insert_account(const Account& account, holdfast::TimePoint until) override;
  holdfast::Result<std::optional<User>, StoreError> find(std::int64_t id, holdfast::TimePoint until) override;
  holdfast::Result<std::vector<User>, StoreError> page(std::int64_t after, std::size_t limit,
                                                       holdfast::TimePoint until) override;
  holdfast::Result<Done, StoreError> ping(holdfast::TimePoint until) override;
  holdfast::Result<Done, StoreError> occupy(holdfast::Duration length, holdfast::TimePoint until) override;

 private:
  using Connection = std::unique_ptr<PostgresConnection>;

  enum class WhenBroken : std::uint8_t { give_up, once_more };

  template <class Call>
  std::invoke_result_t<Call, PostgresConnection&> with_connection(holdfast::TimePoint until, WhenBroken when_broken,
                                                                  const Call& call);
  // False when the connection was lost.
  bool put_away(Connection connection, const StoreError* error);

  std::string url_;
  ConnectionPool<PostgresConnection> idle_;
};

}  // namespace users
