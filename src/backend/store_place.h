// store_place: where the users are kept, as --store says it, and the store that this means.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "backend/store.h"
#include "core/result.h"

namespace users {

struct SqlitePlace {
  std::string path;  // or `:memory:`
};

struct PostgresPlace {
  std::string url;  // may hold a password: for libpq, never for a log
};

using StorePlace = std::variant<SqlitePlace, PostgresPlace>;

// `sqlite:FILE`, `sqlite::memory:`, `postgres://…` or `postgresql://…`. The error is one sentence without the
// text, which may hold a password.
holdfast::Result<StorePlace, std::string> parse_store_place(std::string_view text);

// For people and logs: `sqlite:users.db`, `postgres://ada@db.example:5432/users`. Never a password.
std::string printable(const StorePlace& place);

// Connects to nothing yet, so that the service starts during an outage, too.
std::unique_ptr<Store> open_store(const StorePlace& place);

}  // namespace users
