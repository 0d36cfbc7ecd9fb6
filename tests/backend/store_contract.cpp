#include "store_contract.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "store_samples.h"

namespace {

using namespace users;
using std::chrono::seconds;

constexpr const char* sql = "Robert'); DROP TABLE users;-- \" \\ $1 ?1 %s";

void gives_ids_that_find(Store& store) {
  const std::int64_t ada = inserted_id(store, "Ada");
  const std::int64_t grace = registered_id(store, account("Grace", "grace@navy.example"));
  CHECK(ada == 1);
  CHECK(grace > ada);
  CHECK(found_name(store, ada) == "Ada");
  CHECK(found_name(store, grace) == "Grace");
  for (const std::int64_t nobody :
       {grace + 1, std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    CHECK(found_name(store, nobody) == "nobody");
  }
}

void pages_by_id(Store& store) {
  CHECK(page_of(store, 0, 10).empty());
  const std::int64_t first = inserted_id(store, "a");
  inserted_id(store, "b");
  const std::int64_t third = registered_id(store, account("c", "c@x.example"));
  inserted_id(store, "d");
  CHECK(page_of(store, 0, 10) == "a b c d ");
  CHECK(page_of(store, 0, 2) == "a b ");
  CHECK(page_of(store, first, 2) == "b c ");
  CHECK(page_of(store, third, 1000) == "d ");
  CHECK(page_of(store, -5, 1) == "a ");
  CHECK(page_of(store, std::numeric_limits<std::int64_t>::max(), 10).empty());
  CHECK(page_of(store, 0, 0).empty());
}

void keeps_addresses_apart(Store& store) {
  registered_id(store, account("Ada", "Ada@Engine.example"));
  for (const std::string_view same : {"Ada@Engine.example", "ada@engine.example", "ADA@ENGINE.EXAMPLE"}) {
    CHECK(failure_of(store.insert_account(account("Eve", same), no_deadline)) == StoreFailure::conflict);
  }
  registered_id(store, account("Ada", "ada@engine.example.org"));
  inserted_id(store, "Ada");  // without an address there is nothing to be equal
  inserted_id(store, "Ada");
  CHECK(page_of(store, 0, 10) == "Ada Ada Ada Ada ");
}

void lets_one_of_a_race_win(Store& one, Store& other) {
  std::atomic<int> won = 0;
  std::atomic<int> lost = 0;
  const auto race = [&](Store& store) {
    for (int i = 0; i < 20; ++i) {
      const auto user = store.insert_account(account("racer", "a" + std::to_string(i) + "@race.example"), no_deadline);
      if (user) ++won;
      if (!user && user.error().failure == StoreFailure::conflict) ++lost;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(race, std::ref(i % 2 == 0 ? one : other));
  }
  CHECK(won == 20);
  CHECK(lost == 60);
  CHECK(std::ranges::count(page_of(one, 0, 1000), ' ') == 20);
}

void gives_every_caller_its_own_id(Store& one, Store& other) {
  std::vector<std::vector<std::int64_t>> ids(4);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      threads.emplace_back([&store = i % 2 == 0 ? one : other, &mine = ids[i]] {
        for (int n = 0; n < 20; ++n) {
          if (const auto user = store.insert(user_name("x"), no_deadline)) mine.push_back(user.value().id);
        }
      });
    }
  }
  std::set<std::int64_t> all;
  for (const auto& mine : ids) all.insert(mine.begin(), mine.end());
  CHECK(all.size() == 80);
  CHECK(std::ranges::count(page_of(other, 0, 1000), ' ') == 80);
}

void takes_sql_for_text(Store& store) {
  const std::string address = "o'hara--{drop}'@x.example";
  const std::int64_t id = registered_id(store, account(sql, address, sql));
  CHECK(found_name(store, id) == sql);
  CHECK(found_name(store, inserted_id(store, sql)) == sql);
  CHECK(failure_of(store.insert_account(account(sql, address), no_deadline)) == StoreFailure::conflict);
}

void keeps_every_character(Store& store) {
  const std::string longest = [] {
    std::string text;
    while (text.size() + 4 <= UserName::max_bytes) text += "\U0001F600";
    return text;
  }();
  for (const std::string& name :
       {std::string("Zoë Ångström"), std::string("李小龍"), std::string("\u202Eabc"), longest}) {
    CHECK(found_name(store, inserted_id(store, name)) == name);
  }
}

void ends_calls_that_are_late(Store& store) {
  inserted_id(store, "Ada");
  CHECK(failure_of(store.insert(user_name("late"), past)) == StoreFailure::timeout);
  CHECK(failure_of(store.insert_account(account("late", "late@x.example"), past)) == StoreFailure::timeout);
  CHECK(failure_of(store.find(1, past)) == StoreFailure::timeout);
  CHECK(failure_of(store.page(0, 1, past)) == StoreFailure::timeout);
  CHECK(failure_of(store.ping(past)) == StoreFailure::timeout);
  CHECK(failure_of(store.occupy(seconds(1), past)) == StoreFailure::timeout);
  CHECK(page_of(store, 0, 10) == "Ada ");
}

void interrupts_what_runs_on(Store& store) {
  CHECK(store.occupy(std::chrono::milliseconds(5), no_deadline).has_value());
  CHECK(failure_of(store.occupy(seconds(10), soon())) == StoreFailure::timeout);
  CHECK(store.ping(no_deadline).has_value());
  CHECK(inserted_id(store, "Ada") == 1);
}

void heals(Database& database, Store& store) {
  inserted_id(store, "before");
  database.cut();
  CHECK(page_of(store, 0, 10) == "before ");
  database.cut();
  registered_id(store, account("after", "after@x.example"));
  database.cut();
  CHECK(store.ping(no_deadline).has_value());
  CHECK(page_of(store, 0, 10) == "before after ");
}

}  // namespace

void check_store_contract(Database& database) {
  Store& store = database.open();
  SUBCASE("a user gets an id by which it is found") gives_ids_that_find(store);
  SUBCASE("a page has the users behind an id, in the order of their ids") pages_by_id(store);
  SUBCASE("an email address is taken once, whatever its case") keeps_addresses_apart(store);
  SUBCASE("of those who race for an address exactly one gets it") lets_one_of_a_race_win(store, database.open());
  SUBCASE("callers at the same time all get their own id") gives_every_caller_its_own_id(store, database.open());
  SUBCASE("SQL in a field is only text") takes_sql_for_text(store);
  SUBCASE("a name comes back as it was given") keeps_every_character(store);
  SUBCASE("a call whose deadline has passed does nothing and leaves the store usable") ends_calls_that_are_late(store);
  SUBCASE("a call that runs on ends at its deadline") interrupts_what_runs_on(store);
  SUBCASE("a cut connection is noticed before it is used") heals(database, store);
}
