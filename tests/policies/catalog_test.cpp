// catalog: from real files to a plan, and what holds for every policy.
#include "policies/catalog.h"

#include <set>

#include "config/describe.h"
#include "config/loader.h"
#include "support.h"

namespace holdfast::policies {
namespace {

using Loaded = Result<config::Configuration, std::vector<config::Fault>>;

Loaded load(std::string policy_file) {
  config::Sources sources;
  sources.platform_file = "config/holdfast.yaml";
  sources.read = [text = std::move(policy_file)](const std::string& path) -> config::FileText {
    if (path == "config/holdfast.yaml") {
      return std::string(
          "version: 1\nlisten: 127.0.0.1:0\nupstream: {address: 127.0.0.1:3000}\npolicy: ../policies/users.yaml\n");
    }
    return text;
  };
  return config::load(sources, {sections(), cross_rules()}, {});
}

TEST_CASE("catalog: a policy file becomes a plan whose rules name file and line") {
  const Loaded loaded = load(
      "version: 1\n"
      "profile: standard@1\n"
      "policies:\n"
      "  timeouts: {firstByte: 2s, request: 5s}\n"
      "  rateLimit: {mode: enforce}\n"
      "routes:\n"
      "  - {name: create-user, match: POST /users, limits: {body: 64KiB}}\n"
      "  - {name: events, match: GET /events/*, timeouts: {request: none, because: server-sent events}}\n");
  if (!loaded.has_value()) {
    for (const config::Fault& fault : loaded.error()) MESSAGE(config::to_text(fault));
  }
  REQUIRE(loaded.has_value());
  const auto plan = build_plan(loaded.value());
  REQUIRE(plan->routes.size() == 3);
  CHECK(plan->routes[0].first_byte.after == std::chrono::seconds(2));
  CHECK(plan->routes[0].first_byte.rule->origin == "policies/users.yaml:4");
  CHECK(plan->routes[0].connect.rule->origin == "profile standard@1");
  CHECK(plan->route_of("POST", "/users").body.max == 64U << 10U);
  CHECK(plan->route_of("POST", "/users").body.rule->origin == "policies/users.yaml:7");
  CHECK(plan->route_of("GET", "/events/1").request.after == wait_ceiling);
}

TEST_CASE("catalog: without a policy file's own words, the profile's values hold") {
  const Loaded loaded = load("version: 1\nprofile: standard@1\n");
  REQUIRE(loaded.has_value());
  CHECK(loaded.value().warnings.empty());
  for (const config::LoadedPolicy& policy : loaded.value().policies) {
    CHECK((policy.mode == config::Mode::report) == (policy.section->name() == "rateLimit"));
  }
}

TEST_CASE("catalog: observe@1 puts the policies that can report into report, and no other") {
  const Loaded loaded = load("version: 1\nprofile: observe@1\n");
  REQUIRE(loaded.has_value());
  std::set<std::string> reporting;
  for (const config::LoadedPolicy& policy : loaded.value().policies) {
    if (policy.mode == config::Mode::report) reporting.insert(policy.section->name());
  }
  CHECK(reporting == std::set<std::string>{"errors", "limits", "rateLimit", "timeouts"});
}

TEST_CASE("catalog: policies/standard.yaml says the profile's values, and nothing else") {
  const auto values_of = [](const Loaded& loaded) {
    if (!loaded.has_value()) {
      for (const config::Fault& fault : loaded.error()) MESSAGE(config::to_text(fault));
    }
    REQUIRE(loaded.has_value());
    CHECK(loaded.value().warnings.empty());
    std::vector<std::string> values;
    for (const config::SettingLine& line : config::settings_of(loaded.value())) {
      if (!line.key.ends_with(".because")) values.push_back(line.key + ": " + line.value);
    }
    return values;
  };
  const auto text_of = [](const std::string& path) {
    const config::FileText text = config::read_file(path);
    REQUIRE_MESSAGE(text.has_value(), "run from the top of the tree");
    return text.value();
  };
  const auto alone = values_of(load("version: 1\nprofile: standard@1\n"));
  CHECK(values_of(load(text_of("policies/standard.yaml"))) == alone);
  CHECK(values_of(load(text_of("policies/users.yaml"))) != alone);
  CHECK(values_of(load(text_of("policies/observe.yaml"))) == values_of(load("version: 1\nprofile: observe@1\n")));
}

TEST_CASE("catalog: every policy has a name, a sentence and at least one setting, each once") {
  std::set<std::string> names;
  for (const CatalogLine& line : catalog()) {
    REQUIRE(line.section != nullptr);
    CHECK(names.insert(line.section->name()).second);
    CHECK(line.section->sentence().ends_with('.'));
    CHECK_FALSE(line.section->fields().empty());
    for (const config::Field& field : line.section->fields()) CHECK_MESSAGE(field.sentence.ends_with('.'), field.key);
  }
}

TEST_CASE(
    "catalog: the settings a route may change are those of timeouts, limits.body, rateLimit, errors and accessLog") {
  std::set<std::string> routable;
  for (const config::AnySection* section : sections()) {
    for (const config::Field& field : section->fields()) {
      if (field.is_routable) routable.insert(section->name() + "." + field.key);
    }
  }
  CHECK(routable == std::set<std::string>{"accessLog.sample", "errors.format", "errors.keepCause", "errors.message",
                                          "errors.proxyStatus", "errors.replace5xx", "limits.body", "rateLimit.burst",
                                          "rateLimit.rate", "timeouts.clientBodyIdle", "timeouts.connect",
                                          "timeouts.expiredStatus", "timeouts.firstByte", "timeouts.request",
                                          "timeouts.streamIdle"});
}

TEST_CASE("catalog: a policy that is disabled costs a request nothing") {
  TestConfiguration configuration;
  for (const std::string_view name :
       {"requestId", "tracing", "timeouts", "limits", "rateLimit", "errors", "drain", "metrics", "accessLog"}) {
    configuration.mode(name, config::Mode::disabled);
  }
  const TestWorker worker{configuration};
  CHECK(worker.pipeline->hooks() == 0);
  CHECK(TestWorker{TestConfiguration()}.pipeline->hooks() ==
        6);  // requestId twice, tracing, rateLimit, metrics, accessLog
}

}  // namespace
}  // namespace holdfast::policies
