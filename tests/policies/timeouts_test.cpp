// timeouts: its data in each mode, and its rules across fields.
#include "support.h"

namespace holdfast::policies {
namespace {

using namespace std::chrono_literals;

TEST_CASE("timeouts: each wait reaches the plan with the line that set it") {
  const auto plan = build_plan(TestConfiguration().set("timeouts.firstByte", "2s").value);
  const RoutePlan& route = plan->routes.front();
  CHECK(route.first_byte.after == 2s);
  CHECK_FALSE(route.first_byte.report);
  REQUIRE(route.first_byte.rule != nullptr);
  CHECK(route.first_byte.rule->policy == "timeouts");
  CHECK(route.first_byte.rule->setting == "firstByte");
  CHECK(route.first_byte.rule->origin == "timeouts.firstByte");
  CHECK(route.request.rule->origin == "built in");
  CHECK(plan->listener.client_headers.after == 10s);
  CHECK(plan->listener.client_idle.after == 75s);
  CHECK(plan->listener.upstream_idle.after == 3s);
  CHECK(route.client_body_idle.after == 15s);
  CHECK(route.connect.after == 1s);
  CHECK(route.request.after == 15s);
  CHECK(route.stream_idle.after == 60s);
  CHECK(route.expired_status == 504);
}

TEST_CASE("timeouts: a route changes its own waits only, and is named as their origin") {
  auto configuration =
      TestConfiguration().route("events", "GET", "/events/*").set("timeouts.request", "none", "events");
  const auto plan = build_plan(configuration.value);
  CHECK(plan->routes[0].request.after == 15s);
  CHECK(plan->routes[1].request.after == wait_ceiling);
  CHECK(plan->routes[1].request.rule->origin == "routes.events.timeouts.request");
  CHECK(plan->routes[1].first_byte.rule == plan->routes[0].first_byte.rule);
}

TEST_CASE("timeouts: in report mode every wait keeps its bound and only counts") {
  const auto plan = build_plan(TestConfiguration().mode("timeouts", config::Mode::report).value);
  CHECK(plan->routes[0].first_byte.after == 10s);
  CHECK(plan->routes[0].first_byte.report);
  CHECK(plan->listener.client_headers.report);
  CHECK_FALSE(plan->listener.upstream_idle.report);  // nobody waits for an idle pool
}

TEST_CASE("timeouts: disabled, the ceiling of one hour still holds") {
  const auto plan = build_plan(TestConfiguration().mode("timeouts", config::Mode::disabled).value);
  CHECK(plan->routes[0].first_byte.after == wait_ceiling);
  CHECK(plan->listener.client_headers.after == wait_ceiling);
  CHECK_FALSE(plan->routes[0].first_byte.report);
}

TEST_CASE("timeouts: connect <= firstByte <= request and firstByte <= streamIdle, or the fault names both") {
  CHECK(check({}).faults.empty());
  auto heard = check(TestConfiguration().set("timeouts.firstByte", "20s"));
  REQUIRE(heard.faults.size() == 1);
  CHECK(heard.faults[0] == "firstByte: firstByte 20s is longer than request 15s, so it can never fire");
  CHECK(heard.fixes[0] == "lower firstByte to at most 15s or raise request to at least 20s");
  CHECK(check(TestConfiguration().set("timeouts.connect", "11s")).faults.size() == 1);
  CHECK(check(TestConfiguration().set("timeouts.streamIdle", "9s")).faults.size() == 1);
  CHECK(check(TestConfiguration().set("timeouts.request", "none").set("timeouts.firstByte", "50s")).faults.empty());
}

TEST_CASE("timeouts: expiredStatus 408 is warned about where a POST may meet it") {
  auto heard = check(TestConfiguration().set("timeouts.expiredStatus", "408"));
  CHECK(heard.faults.empty());
  REQUIRE(heard.warnings.size() == 1);
  CHECK(contains(heard.warnings[0], "timeouts.expiredStatus: expiredStatus 408"));

  auto posts = TestConfiguration().route("create", "POST", "/users").route("read", "GET", "/users");
  posts.set("timeouts.expiredStatus", "408", "create").set("timeouts.expiredStatus", "408", "read");
  heard = check(posts);
  REQUIRE(heard.warnings.size() == 1);
  CHECK(contains(heard.warnings[0], "routes.create.timeouts.expiredStatus"));
  CHECK(build_plan(posts.value)->routes[1].expired_status == 408);
}

}  // namespace
}  // namespace holdfast::policies
