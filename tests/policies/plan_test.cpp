// plan: which route a request has, and which rule a setting is.
#include "policies/plan.h"

#include "support.h"

namespace holdfast::policies {
namespace {

TEST_CASE("plan: the first route that matches wins, and no match is unmatched") {
  const auto plan = build_plan(TestConfiguration()
                                   .route("create-user", "POST", "/users")
                                   .route("users", "", "/users")
                                   .route("user", "GET", "/users/*")
                                   .route("posts", "GET", "/users/*/posts")
                                   .value);
  CHECK(plan->route_of("POST", "/users").name == "create-user");
  CHECK(plan->route_of("PUT", "/users").name == "users");
  CHECK(plan->route_of("GET", "/users/7").name == "user");
  CHECK(plan->route_of("GET", "/users/7/posts").name == "user");  // `*` at the end is the rest
  CHECK(plan->route_of("GET", "/").name == "unmatched");
  CHECK(plan->route_of("GET", "").index == 0);
}

TEST_CASE("plan: GET also matches HEAD, and no other method") {
  const auto plan = build_plan(TestConfiguration().route("read", "GET", "/a").value);
  CHECK(plan->route_of("HEAD", "/a").name == "read");
  CHECK(plan->route_of("POST", "/a").name == "unmatched");
  CHECK(plan->route_of("get", "/a").name == "unmatched");
}

TEST_CASE("plan: escapes, doubled slashes and dot segments hide no route, however long the path is") {
  const auto plan = build_plan(TestConfiguration().route("login", "", "/login").value);
  CHECK(plan->route_of("GET", "/%6Cogin").name == "login");
  CHECK(plan->route_of("GET", "//x/../login").name == "login");
  std::string padded;
  for (int i = 0; i < 20'000; ++i) padded += "/.";
  CHECK(plan->route_of("GET", padded + "/login").name == "login");
}

TEST_CASE("plan: rules know their policy, setting and origin, and a route's own line comes first") {
  auto configuration =
      TestConfiguration().route("a", "", "/a").set("limits.body", "2KiB", "a").set("limits.body", "1KiB");
  const auto plan = build_plan(configuration.value);
  const Rule* service = plan->rule("limits", "body");
  const Rule* route = plan->rule("limits", "body", 1);
  REQUIRE(service != nullptr);
  REQUIRE(route != nullptr);
  CHECK(service->origin == "limits.body");
  CHECK(route->origin == "routes.a.limits.body");
  CHECK(route->setting == "body");
  CHECK(plan->rule("limits", "uri", 1) == plan->rule("limits", "uri"));
  CHECK(plan->rule("limits", "nothing") == nullptr);
}

TEST_CASE("plan: what belongs to the platform is in it") {
  TestConfiguration configuration;
  configuration.value.platform.trusted_hops = 2;
  const auto plan = build_plan(configuration.value);
  CHECK(plan->listener.trusted_hops == 2);
  CHECK(plan->listener.service == "users");
  CHECK(plan->listener.series_max == 2000);
  CHECK(plan->listener.rate_keys_max == 10'000);
  CHECK(plan->hash == "0123456789abcdef");
}

TEST_CASE("exchange: cleared, it is as good as a first one") {
  TestWorker worker{{}};
  worker.begin("GET", "/", {{"traceparent", "broken"}});
  CHECK_FALSE(worker.request());
  worker.x.error = {.reason = Reason::internal};
  worker.x.would_have(Reason::rate_limited, nullptr);
  worker.x.cause = "something";
  worker.respond(200);
  worker.x.clear();
  CHECK(worker.x.error.reason == Reason::ok);
  CHECK(worker.x.id().empty());
  CHECK(worker.x.request_edits.size == 0);
  CHECK(worker.x.request_edits.drop.bits == 0);
  CHECK(worker.x.request.fields.empty());
  CHECK(worker.x.would_size == 0);
  CHECK(worker.x.cause.empty());
  CHECK_FALSE(worker.x.trace.known);
  CHECK(worker.x.at.begun == TimePoint{});
}

}  // namespace
}  // namespace holdfast::policies
