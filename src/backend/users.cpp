#include "backend/users.h"

#include <utility>

namespace users {
namespace {

using holdfast::Result;
using holdfast::TimePoint;

std::string_view word(StoreFailure failure) noexcept {
  switch (failure) {
    case StoreFailure::unavailable: return "unavailable";
    case StoreFailure::timeout: return "timeout";
    case StoreFailure::conflict: return "conflict";
    case StoreFailure::corrupt: return "corrupt";
  }
  return "";
}

Refusal failed(const StoreError& error) { return {Denial::failed, "", describe(error)}; }

}  // namespace

std::string describe(const StoreError& error) {
  return std::string("store ").append(word(error.failure)).append(": ").append(error.cause);
}

Result<User, Refusal> create_user(Store& store, const CreateUser& command, TimePoint until) {
  auto user = store.insert(command.name, until);
  if (!user) return failed(user.error());
  return std::move(user).value();
}

Result<Registered, Refusal> register_user(Store& store, const PasswordHasher& hasher, const RegisterUser& command,
                                          TimePoint until) {
  auto hash = hasher.hash(command.password);
  if (!hash) return Refusal{Denial::failed, "", std::move(hash).error().cause};
  const Account account{command.username, command.email, command.age, std::move(hash).value()};
  const auto user = store.insert_account(account, until);
  if (user) return Registered{user.value().id, account.name.text(), account.email.text()};
  if (user.error().failure == StoreFailure::conflict) return Refusal{Denial::exists, "already exists", ""};
  return failed(user.error());
}

Result<User, Refusal> find_user(Store& store, const FindUser& command, TimePoint until) {
  auto found = store.find(command.id, until);
  if (!found) return failed(found.error());
  auto& user = found.value();
  if (!user) return Refusal{Denial::not_found, "user " + std::to_string(command.id) + " not found", ""};
  return std::move(*user);
}

Result<UserPage, Refusal> list_users(Store& store, const ListUsers& command, TimePoint until) {
  auto found = store.page(command.after, command.limit + 1, until);  // one more tells whether another page follows
  if (!found) return failed(found.error());
  UserPage page{std::move(found).value(), std::nullopt};
  if (page.users.size() > command.limit) {
    page.users.resize(command.limit);
    page.next = page.users.back().id;
  }
  return page;
}

Result<Done, Refusal> occupy_store(Store& store, const OccupyStore& command, TimePoint until) {
  auto answer = store.occupy(command.length, until);
  if (!answer) return failed(answer.error());
  return Done{};
}

}  // namespace users
