// Service and StoreHealth: what is answered at once, what blocks, and what a handler that throws costs.
#include "backend/service.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "backend/argon2id.h"
#include "backend/sqlite_store.h"

namespace {

using namespace users;
using std::chrono::seconds;

Request get(std::string path) { return {"GET", "1.1", std::move(path), "", {}, ""}; }

struct Parts {
  Log log;
  SqliteStore store{":memory:"};
  Argon2id hasher;
  StoreHealth health{store, log};
};

std::optional<Reply> reply_in(const Plan& plan) {
  const auto* reply = std::get_if<Reply>(&plan);
  return reply == nullptr ? std::nullopt : std::optional(*reply);
}

int status_of(const Plan& plan) {
  const auto reply = reply_in(plan);
  return reply ? reply->status : 0;
}

}  // namespace

TEST_CASE("service: what a handler throws becomes 500, and the next request is served") {
  Parts parts;
  Service service(parts.store, parts.hasher, parts.health, parts.log, true);
  const auto reply = reply_in(service.plan(1, get("/boom")));
  REQUIRE(reply.has_value());
  CHECK(reply->status == 500);
  CHECK(reply->body == R"({"error":"internal error"})");
  CHECK(status_of(service.plan(2, get("/ok"))) == 200);
}

TEST_CASE("service: without --faults the fault routes do not exist") {
  Parts parts;
  Service service(parts.store, parts.hasher, parts.health, parts.log, false);
  CHECK(status_of(service.plan(1, get("/crash"))) == 404);
}

TEST_CASE("service: health is answered on the loop, from what the probe knows") {
  Parts parts;
  Service service(parts.store, parts.hasher, parts.health, parts.log, false);
  CHECK(status_of(service.plan(1, get("/healthz"))) == 200);
}

TEST_CASE("service: a store that does not answer is known from the start") {
  Log log;
  SqliteStore store("/nonexistent/users.db");
  const StoreHealth health(store, log);
  CHECK_FALSE(health.answers());
}

TEST_CASE("service: a call whose time went by in the queue is 503 with Retry-After") {
  Parts parts;
  Service service(parts.store, parts.hasher, parts.health, parts.log, false);
  const Reply reply = service.execute({1, "r-1", FindUser{1}, holdfast::TimePoint::min()});
  CHECK(reply.status == 503);
  REQUIRE(reply.fields.size() == 1);
  CHECK(reply.fields.front().name == "Retry-After");
}

TEST_CASE("service: a store call that takes too long is 500") {
  Parts parts;
  Service service(parts.store, parts.hasher, parts.health, parts.log, true);
  const auto until = holdfast::steady_now() + std::chrono::milliseconds(30);  // SQLite itself reads the real clock
  const Reply reply = service.execute({1, "r-1", OccupyStore{seconds(10)}, until});
  CHECK(reply.status == 500);
  CHECK(reply.body == R"({"error":"internal error"})");
}

TEST_CASE("service: a registration is stored, found and listed") {
  Parts parts;
  Service service(parts.store, parts.hasher, parts.health, parts.log, false);
  Request request = get("/register");
  request.method = "POST";
  request.body = R"({"username":"Ada","email":"ada@example.org","age":36,"password":"correct horse"})";
  const auto run = [&](const Request& one) {
    Plan plan = service.plan(1, one);
    auto* command = std::get_if<Command>(&plan);
    REQUIRE(command != nullptr);
    return service.execute({1, "r-1", std::move(*command), holdfast::TimePoint::max()});
  };
  CHECK(run(request).body == R"({"id":1,"username":"Ada","email":"ada@example.org"})");
  CHECK(run(request).status == 409);
  CHECK(run(get("/users/1")).body == R"({"id":1,"name":"Ada"})");
  CHECK(run(get("/users")).body == R"({"users":[{"id":1,"name":"Ada"}],"next":null})");
}
