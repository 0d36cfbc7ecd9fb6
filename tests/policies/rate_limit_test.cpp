// rateLimit: budgets of clients and routes, under a clock moved by hand.
#include "support.h"

namespace holdfast::policies {
namespace {

using namespace std::chrono_literals;

TestConfiguration enforced(std::string_view rate, std::string_view burst) {
  return TestConfiguration()
      .mode("rateLimit", config::Mode::enforce)
      .set("rateLimit.rate", rate)
      .set("rateLimit.burst", burst);
}

Verdict ask(TestWorker& worker, std::string_view client = "192.0.2.7", std::string_view target = "/") {
  worker.begin("GET", target);
  worker.x.client = parse_client_address(client);
  return worker.request();
}

TEST_CASE("rateLimit: after its burst a client gets 429 with the rule, and when to come back") {
  TestWorker worker{enforced("0.5/s", "2")};
  CHECK_FALSE(ask(worker));
  CHECK_FALSE(ask(worker));
  const Verdict refused = ask(worker);
  REQUIRE(refused.has_value());
  CHECK(refused->reason == Reason::rate_limited);
  CHECK(refused->limit == 2);
  REQUIRE(refused->rule != nullptr);
  CHECK(refused->rule->setting == "rate");
  CHECK(refused->rule->origin == "rateLimit.rate");
  CHECK(worker.x.retry_after_seconds == 2);
}

TEST_CASE("rateLimit: the rate gives one request back after another, and Retry-After is never below 1 s") {
  TestWorker worker{enforced("10/s", "1")};
  CHECK_FALSE(ask(worker));
  CHECK(ask(worker).has_value());
  CHECK(worker.x.retry_after_seconds == 1);
  worker.now += 100ms;
  CHECK_FALSE(ask(worker));
  CHECK(ask(worker).has_value());
}

TEST_CASE("rateLimit: each client has its own budget, and an IPv6 client is its /64") {
  TestWorker worker{enforced("1/s", "1")};
  CHECK_FALSE(ask(worker, "192.0.2.7"));
  CHECK_FALSE(ask(worker, "192.0.2.8"));
  CHECK(ask(worker, "192.0.2.7").has_value());
  CHECK_FALSE(ask(worker, "2001:db8:1:2::1"));
  CHECK(ask(worker, "2001:db8:1:2:ffff::9").has_value());
  CHECK_FALSE(ask(worker, "2001:db8:1:3::1"));
}

TEST_CASE("rateLimit: key global counts everybody together") {
  TestWorker worker{enforced("1/s", "1").set("rateLimit.key", "global")};
  CHECK_FALSE(ask(worker, "192.0.2.7"));
  CHECK(ask(worker, "192.0.2.8").has_value());
}

TEST_CASE("rateLimit: report refuses nobody and says what it would have done") {
  TestWorker worker{TestConfiguration().set("rateLimit.rate", "1/s").set("rateLimit.burst", "1")};
  CHECK_FALSE(ask(worker));
  CHECK(worker.x.would_size == 0);
  CHECK_FALSE(ask(worker));
  REQUIRE(worker.x.would_size == 1);
  CHECK(worker.x.would[0].reason == Reason::rate_limited);
  CHECK(worker.x.would[0].rule->policy == "rateLimit");
}

TEST_CASE("rateLimit: a route that changes rate or burst has a budget of its own; others share the service's") {
  auto configuration = enforced("1/s", "1").route("login", "", "/login").route("search", "", "/search");
  TestWorker worker{configuration.set("rateLimit.burst", "2", "login")};
  CHECK_FALSE(ask(worker, "192.0.2.7", "/"));
  CHECK(ask(worker, "192.0.2.7", "/search").has_value());
  CHECK_FALSE(ask(worker, "192.0.2.7", "/login"));
  CHECK_FALSE(ask(worker, "192.0.2.7", "/login"));
  CHECK(ask(worker, "192.0.2.7", "/login").has_value());
}

TEST_CASE("rateLimit: a route may lift it") {
  auto configuration = enforced("1/s", "1").route("health", "", "/healthz");
  TestWorker worker{configuration.set("rateLimit.rate", "none", "health")};
  for (int i = 0; i < 5; ++i) CHECK_FALSE(ask(worker, "192.0.2.7", "/healthz"));
}

TEST_CASE("rateLimit: disabled, nobody is asked") {
  TestWorker worker{TestConfiguration().set("rateLimit.burst", "1").mode("rateLimit", config::Mode::disabled)};
  for (int i = 0; i < 5; ++i) CHECK_FALSE(ask(worker));
  CHECK(worker.x.would_size == 0);
}

}  // namespace
}  // namespace holdfast::policies
