#include "backend/store_place.h"

#include <libpq-fe.h>

#include "backend/postgres_store.h"
#include "backend/sqlite_store.h"

namespace users {
namespace {

using holdfast::Result;

struct FreeConninfo {
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
using Conninfo = std::unique_ptr<PQconninfoOption, FreeConninfo>;

// Null when libpq cannot read the URL. Its own message is thrown away: it repeats parts of the URL.
Conninfo read_url(const std::string& url) {
  char* message = nullptr;
  Conninfo options(PQconninfoParse(url.c_str(), &message));
  PQfreemem(message);
  return options;
}

std::string_view value_of(const Conninfo& options, std::string_view keyword) noexcept {
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->keyword == keyword && option->val != nullptr) return option->val;
  }
  return {};
}

std::string printable_url(const std::string& url) {
  const Conninfo options = read_url(url);
  std::string text = "postgres://";
  if (const auto user = value_of(options, "user"); !user.empty()) text.append(user).append("@");
  text.append(value_of(options, "host"));
  if (const auto port = value_of(options, "port"); !port.empty()) text.append(":").append(port);
  if (const auto database = value_of(options, "dbname"); !database.empty()) text.append("/").append(database);
  return text;
}

}  // namespace

Result<StorePlace, std::string> parse_store_place(std::string_view text) {
  if (text.starts_with("postgres://") || text.starts_with("postgresql://")) {
    PostgresPlace place{std::string(text)};
    if (read_url(place.url)) return StorePlace(std::move(place));
    return std::string(
        "--store is no URL of PostgreSQL; write it as postgres://user@host:5432/database, with % and two hexadecimal "
        "digits for special characters");
  }
  constexpr std::string_view sqlite = "sqlite:";
  if (text.starts_with(sqlite) && text.size() > sqlite.size()) {
    return StorePlace(SqlitePlace{std::string(text.substr(sqlite.size()))});
  }
  return std::string(
      "--store is no store; write it as sqlite:users.db, sqlite::memory: or postgres://user@host/database");
}

std::string printable(const StorePlace& place) {
  if (const auto* postgres = std::get_if<PostgresPlace>(&place)) return printable_url(postgres->url);
  return "sqlite:" + std::get<SqlitePlace>(place).path;
}

std::unique_ptr<Store> open_store(const StorePlace& place) {
  if (const auto* postgres = std::get_if<PostgresPlace>(&place)) return std::make_unique<PostgresStore>(postgres->url);
  return std::make_unique<SqliteStore>(std::get<SqlitePlace>(place).path);
}

}  // namespace users
