// metrics: what a scrape shows after one exchange.
#include "support.h"

namespace holdfast::policies {
namespace {

using namespace std::chrono_literals;

std::string counted(TestWorker& worker) {
  worker.complete();
  return worker.scrape();
}

TEST_CASE("metrics: an exchange is counted by route, method and status, with its time and its bytes") {
  TestWorker worker{TestConfiguration().route("users", "GET", "/users")};
  worker.begin("GET", "/users?limit=3");
  CHECK_FALSE(worker.request());
  worker.x.bytes_in = 3;
  worker.x.bytes_out = 40;
  worker.respond(200);
  const std::string page = counted(worker);
  CHECK(contains(page, R"(holdfast_http_requests_total{route="users",method="GET",code="200"} 1)"));
  CHECK(contains(page, R"(holdfast_http_request_duration_seconds_bucket{route="users",le="0.025"} 0)"));
  CHECK(contains(page, R"(holdfast_http_request_duration_seconds_bucket{route="users",le="0.05"} 1)"));
  CHECK(contains(page, R"(holdfast_upstream_first_byte_seconds_bucket{le="0.025"} 1)"));
  CHECK(contains(page, "holdfast_request_body_bytes_total 3"));
  CHECK(contains(page, "holdfast_response_body_bytes_total 40"));
}

TEST_CASE(
    "metrics: a failure is counted by reason, blame and route, and as a decision of the policy whose rule it was") {
  TestWorker worker{{}};
  worker.begin();
  worker.x.error = {.reason = Reason::upstream_first_byte_slow, .rule = worker.plan->routes[0].first_byte.rule};
  worker.x.status = 504;
  worker.x.at.response_done = worker.now + 10s;
  const std::string page = counted(worker);
  CHECK(contains(page,
                 R"(holdfast_exchange_failures_total{reason="app_first_byte_slow",blame="app",route="unmatched"} 1)"));
  CHECK(contains(page, R"(holdfast_policy_decisions_total{policy="timeouts",outcome="enforced"} 1)"));
  CHECK(contains(page, R"(holdfast_policy_decisions_total{policy="timeouts",outcome="would_enforce"} 0)"));
  CHECK_FALSE(contains(page, "holdfast_upstream_first_byte_seconds_count 1"));
}

TEST_CASE("metrics: what report mode would have done is counted apart") {
  TestWorker worker{{}};
  worker.begin();
  worker.x.would_have(Reason::rate_limited, worker.plan->rule("rateLimit", "rate"));
  worker.respond(200);
  const std::string page = counted(worker);
  CHECK(contains(page, R"(holdfast_policy_decisions_total{policy="rateLimit",outcome="would_enforce"} 1)"));
  CHECK(contains(page, R"(holdfast_policy_decisions_total{policy="rateLimit",outcome="enforced"} 0)"));
  CHECK_FALSE(contains(page, "rate_limited"));
}

TEST_CASE("metrics: a request whose head never completed belongs to unmatched, and no client chooses a label") {
  TestWorker worker{{}};
  worker.begin("BREW", "/pot");
  worker.x.route = nullptr;
  worker.x.status = failure(Reason::bad_request).status;
  worker.x.error = {.reason = Reason::bad_request};
  const std::string page = counted(worker);
  CHECK(contains(page, R"(holdfast_http_requests_total{route="unmatched",method="_OTHER",code="400"} 1)"));
  CHECK_FALSE(contains(page, "BREW"));
}

TEST_CASE("metrics: disabled, nothing is counted") {
  TestWorker worker{TestConfiguration().mode("metrics", config::Mode::disabled)};
  worker.begin();
  worker.respond(200);
  CHECK_FALSE(contains(counted(worker), "holdfast_http_requests_total{"));
}

TEST_CASE("metrics: a route list that cannot have its series is a fault with both numbers") {
  TestConfiguration configuration;
  configuration.set("metrics.seriesMax", "300");
  CHECK(check(configuration).faults.empty());
  configuration.route("a", "", "/a").route("b", "", "/b");
  const Heard heard = check(configuration);
  REQUIRE(heard.faults.size() == 1);
  CHECK(heard.faults[0] == "metrics.seriesMax: 2 routes need 336 series, more than seriesMax 300");
  CHECK(contains(heard.fixes[0], "raise seriesMax to 336, or join routes until there are at most 1"));
}

}  // namespace
}  // namespace holdfast::policies
