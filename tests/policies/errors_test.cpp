// errors: its data in each mode.
#include "support.h"

namespace holdfast::policies {
namespace {

TEST_CASE("errors: enforced, a 5xx body is replaced and the listed fields are marked for removal") {
  const auto plan = build_plan(TestConfiguration().value);
  const RoutePlan& route = plan->routes.front();
  CHECK(route.replace_5xx);
  CHECK_FALSE(route.replace_5xx_report);
  CHECK(route.replace_5xx_rule->setting == "replace5xx");
  CHECK(route.message == "internal error");
  CHECK(route.keep_cause == 2048);
  CHECK(route.format == http::ReplyFormat::simple);
  CHECK_FALSE(route.proxy_status);
  CHECK(route.strip);
  CHECK((plan->names.classify("X-Powered-By").marks & http::mark_strip) != 0);
  CHECK((plan->names.classify("server").marks & http::mark_strip) != 0);
}

TEST_CASE("errors: report replaces and strips nothing, and says what it would have replaced") {
  const auto plan = build_plan(TestConfiguration().mode("errors", config::Mode::report).value);
  CHECK_FALSE(plan->routes[0].replace_5xx);
  CHECK(plan->routes[0].replace_5xx_report);
  CHECK_FALSE(plan->routes[0].strip);
  CHECK((plan->names.classify("server").marks & http::mark_strip) == 0);
}

TEST_CASE("errors: disabled, nothing is replaced and nothing is said about it") {
  const auto plan = build_plan(TestConfiguration().mode("errors", config::Mode::disabled).value);
  CHECK_FALSE(plan->routes[0].replace_5xx);
  CHECK_FALSE(plan->routes[0].replace_5xx_report);
  CHECK_FALSE(plan->routes[0].strip);
}

TEST_CASE("errors: a route may let its 5xx through and speak another format") {
  auto configuration = TestConfiguration().route("proxied", "", "/proxied/*");
  configuration.set("errors.replace5xx", "false", "proxied")
      .set("errors.format", "problem", "proxied")
      .set("errors.proxyStatus", "true", "proxied");
  const auto plan = build_plan(configuration.value);
  CHECK_FALSE(plan->routes[1].replace_5xx);
  CHECK(plan->routes[1].format == http::ReplyFormat::problem);
  CHECK(plan->routes[1].proxy_status);
  CHECK(plan->routes[0].replace_5xx);
}

TEST_CASE("errors: an empty list strips nothing") {
  const auto plan = build_plan(TestConfiguration().list("errors.strip", {}).value);
  CHECK_FALSE(plan->routes[0].strip);
  CHECK((plan->names.classify("server").marks & http::mark_strip) == 0);
}

}  // namespace
}  // namespace holdfast::policies
