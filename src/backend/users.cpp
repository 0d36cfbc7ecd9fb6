#include "backend/users.h"

#include <algorithm>
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

Refusal refusal_of(const StoreError& error) {
  if (error.failure == StoreFailure::conflict) return {Denial::exists, "already exists", describe(error)};
  return {Denial::failed, "", describe(error)};
}

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

Result<Name, Invalid> Name::from(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return Invalid{"name must not be empty"};
  if (text.size() > max_bytes) return Invalid{"name must not be longer than 256 bytes"};
  if (std::any_of(text.begin(), text.end(), is_control)) return Invalid{"name must not contain control characters"};
  return Name(text);
}

std::string describe(const StoreError& error) {
  std::string text = "store ";
  text += word(error.failure);
  text += ": ";
  text += error.cause;
  return text;
}

Result<User, Refusal> create_user(Store& store, const CreateUser& command, TimePoint until) {
  auto user = store.insert(command.name, until);
  if (!user) return refusal_of(user.error());
  return std::move(user).value();
}

Result<User, Refusal> find_user(Store& store, const FindUser& command, TimePoint until) {
  auto found = store.find(command.id, until);
  if (!found) return refusal_of(found.error());
  auto& user = found.value();
  if (!user) return Refusal{Denial::not_found, "user " + std::to_string(command.id) + " not found", ""};
  return std::move(*user);
}

Result<Done, Refusal> check_health(Store& store, TimePoint until) {
  auto answer = store.ping(until);
  if (!answer) return refusal_of(answer.error());
  return Done{};
}

Result<Done, Refusal> occupy_store(Store& store, const OccupyStore& command, TimePoint until) {
  auto answer = store.occupy(command.length, until);
  if (!answer) return refusal_of(answer.error());
  return Done{};
}

}  // namespace users
