// limits: its data in each mode, and what the machine must be able to hold.
#include "support.h"

namespace holdfast::policies {
namespace {

using namespace std::chrono_literals;

TEST_CASE("limits: the profile's values reach the plan") {
  const auto plan = build_plan(TestConfiguration().value);
  const ListenerPlan& listener = plan->listener;
  CHECK(listener.head_bytes.max == 32U << 10U);
  CHECK(listener.fields.max == 100);
  CHECK(listener.target_bytes.max == 8U << 10U);
  CHECK(listener.requests_per_connection.max == 10'000);
  CHECK(listener.connections.max == 1024);
  CHECK(listener.connections_per_client.max == UINT32_MAX);
  CHECK(listener.concurrency.max == 128);
  CHECK(listener.queue.max == 64);
  CHECK(listener.queue_wait.after == 500ms);
  CHECK(plan->routes[0].body.max == 1U << 20U);
  CHECK(plan->routes[0].body.rule->setting == "body");
}

TEST_CASE("limits: a lifted limit leaves what the program can hold") {
  const auto plan = build_plan(TestConfiguration()
                                   .set("limits.body", "none")
                                   .set("limits.headers", "none")
                                   .set("limits.headerCount", "none")
                                   .set("limits.concurrency", "none")
                                   .value);
  CHECK(plan->routes[0].body.max == UINT64_MAX);
  CHECK(plan->listener.head_bytes.max == head_bytes_ceiling);
  CHECK(plan->listener.fields.max == fields_ceiling);
  CHECK(plan->listener.concurrency.max == UINT32_MAX);
}

TEST_CASE("limits: report keeps every bound and only counts; disabled leaves the ceilings") {
  const auto report = build_plan(TestConfiguration().mode("limits", config::Mode::report).value);
  CHECK(report->listener.concurrency.max == 128);
  CHECK(report->listener.concurrency.report);
  CHECK(report->listener.head_bytes.report);
  CHECK(report->routes[0].body.report);
  const auto disabled = build_plan(TestConfiguration().mode("limits", config::Mode::disabled).value);
  CHECK(disabled->listener.connections.max == UINT32_MAX);
  CHECK(disabled->listener.head_bytes.max == head_bytes_ceiling);
  CHECK(disabled->routes[0].body.max == UINT64_MAX);
  CHECK_FALSE(disabled->listener.concurrency.report);
}

TEST_CASE("limits: a route has a body limit of its own") {
  auto configuration =
      TestConfiguration().route("create-user", "POST", "/users").set("limits.body", "64KiB", "create-user");
  const auto plan = build_plan(configuration.value);
  CHECK(plan->routes[1].body.max == 64U << 10U);
  CHECK(plan->routes[1].body.rule->origin == "routes.create-user.limits.body");
  CHECK(plan->routes[0].body.max == 1U << 20U);
}

TEST_CASE("limits: connections + concurrency + 64 descriptors must exist") {
  config::Environment machine;
  machine.descriptor_limit = 1216;
  CHECK(check({}, machine).faults.empty());
  machine.descriptor_limit = 1215;
  const Heard heard = check({}, machine);
  REQUIRE(heard.faults.size() == 1);
  CHECK(heard.faults[0] ==
        "limits.connections: connections 1024 + concurrency 128 + 64 = 1216 is more than the descriptor limit 1215");
  CHECK(contains(heard.fixes[0], "lower connections by 1,"));
}

TEST_CASE("limits: the worst case fits the memory limit where there is one") {
  config::Environment machine;
  machine.memory_limit = ByteCount{69U << 20U};  // 12 MiB + 1024 x 33 KiB + 192 x 128 KiB
  CHECK(check({}, machine).faults.empty());
  machine.memory_limit = ByteCount{64U << 20U};
  const Heard heard = check({}, machine);
  REQUIRE(heard.faults.size() == 1);
  CHECK(contains(heard.faults[0], "= 69MiB is more than the memory limit 64MiB"));
  CHECK(contains(heard.fixes[0], "lower connections by 156, or raise the memory limit to 69MiB"));
  CHECK(check(TestConfiguration().mode("limits", config::Mode::disabled), machine).faults.empty());
}

TEST_CASE("limits: without a limit on concurrency, connections bound the memory") {
  config::Environment machine;
  machine.memory_limit = ByteCount{1U << 30U};
  CHECK(check(TestConfiguration().set("limits.concurrency", "none"), machine).faults.empty());
  CHECK(check(TestConfiguration().set("limits.concurrency", "none").set("limits.connections", "9000"), machine)
            .faults.size() == 1);
}

}  // namespace
}  // namespace holdfast::policies
