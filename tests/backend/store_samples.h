// store_samples: values to store, and shorthands for what a call came to.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "backend/store.h"
#include "core/clock.h"

inline constexpr auto no_deadline = holdfast::TimePoint::max();
inline constexpr auto past = holdfast::TimePoint::min();

// A deadline that is meant to be missed. Databases and poll(2) read the real clock.
inline holdfast::TimePoint soon() { return holdfast::steady_now() + std::chrono::milliseconds(30); }

inline users::UserName user_name(std::string_view text) {
  auto made = users::UserName::from(text);
  REQUIRE(made.has_value());
  return std::move(made).value();
}

inline users::Account account(std::string_view name, std::string_view email, std::string_view hash = "$argon2id$x") {
  auto address = users::EmailAddress::from(email);
  REQUIRE(address.has_value());
  auto age = users::Age::from(36);
  REQUIRE(age.has_value());
  return {user_name(name), std::move(address).value(), age.value(), {std::string(hash)}};
}

inline std::int64_t inserted_id(users::Store& store, std::string_view name) {
  const auto user = store.insert(user_name(name), no_deadline);
  CAPTURE(user ? "" : user.error().cause);
  REQUIRE(user.has_value());
  CHECK(user.value().name == name);
  return user.value().id;
}

inline std::int64_t registered_id(users::Store& store, const users::Account& account) {
  const auto user = store.insert_account(account, no_deadline);
  CAPTURE(user ? "" : user.error().cause);
  REQUIRE(user.has_value());
  CHECK(user.value().name == account.name.text());
  return user.value().id;
}

inline std::string found_name(users::Store& store, std::int64_t id) {
  const auto found = store.find(id, no_deadline);
  CAPTURE(found ? "" : found.error().cause);
  REQUIRE(found.has_value());
  return found.value() ? found.value()->name : "nobody";
}

// The names of a page, each with a space behind it.
inline std::string page_of(users::Store& store, std::int64_t after, std::size_t limit) {
  const auto page = store.page(after, limit, no_deadline);
  CAPTURE(page ? "" : page.error().cause);
  REQUIRE(page.has_value());
  std::string names;
  for (const users::User& user : page.value()) names += user.name + " ";
  return names;
}

template <class T>
users::StoreFailure failure_of(const holdfast::Result<T, users::StoreError>& outcome) {
  REQUIRE_FALSE(outcome.has_value());
  INFO(outcome.error().cause);
  CHECK_FALSE(outcome.error().cause.empty());
  CHECK(outcome.error().cause.find('\n') == std::string::npos);
  return outcome.error().failure;
}
