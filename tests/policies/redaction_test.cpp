// redaction: the names it hands to those who print.
#include "support.h"

namespace holdfast::policies {
namespace {

TEST_CASE("redaction: listed fields are marked, listed parameters and members are known to the plan") {
  const auto plan = build_plan(TestConfiguration().list("redaction.query", {"token", "pin"}).value);
  for (const std::string_view name : {"Authorization", "proxy-authorization", "COOKIE", "set-cookie", "x-api-key"}) {
    CHECK_MESSAGE((plan->names.classify(name).marks & http::mark_redact) != 0, name);
  }
  CHECK((plan->names.classify("accept").marks & http::mark_redact) == 0);
  CHECK(plan->redact_query.contains("pin"));
  CHECK_FALSE(plan->redact_query.contains("signature"));
  CHECK(plan->redact_json.contains("secret"));
}

TEST_CASE("redaction: it has one mode only") {
  for (const config::AnySection* section : sections()) {
    if (section->name() != "redaction") continue;
    CHECK(config::allows(section->modes(), config::Mode::enforce));
    CHECK_FALSE(config::allows(section->modes(), config::Mode::disabled));
    CHECK_FALSE(config::allows(section->modes(), config::Mode::report));
  }
}

}  // namespace
}  // namespace holdfast::policies
