// drain: its data, and its rule across both files.
#include "support.h"

namespace holdfast::policies {
namespace {

using namespace std::chrono_literals;

TEST_CASE("drain: announce and finish reach the engine; disabled, both are none") {
  const auto plan = build_plan(TestConfiguration().set("drain.announce", "7s").value);
  CHECK(plan->listener.drain_announce == 7s);
  CHECK(plan->listener.drain_finish == 20s);
  const auto disabled = build_plan(TestConfiguration().mode("drain", config::Mode::disabled).value);
  CHECK(disabled->listener.drain_announce == 0s);
  CHECK(disabled->listener.drain_finish == 0s);
}

TEST_CASE("drain: announce + finish + 2 s must fit terminationGrace, and the fault says by how much they do not") {
  CHECK(check({}).faults.empty());
  TestConfiguration configuration;
  configuration.value.platform.termination_grace = 26s;
  const Heard heard = check(configuration);
  REQUIRE(heard.faults.size() == 1);
  CHECK(contains(heard.faults[0], "announce 5s + finish 20s + 2s = 27s is more than terminationGrace 26s"));
  CHECK(contains(heard.fixes[0], "shorten the drain by 1s, or raise terminationGrace"));
  CHECK(contains(heard.fixes[0], "to 27s"));
  CHECK(check(configuration.mode("drain", config::Mode::disabled)).faults.empty());
}

}  // namespace
}  // namespace holdfast::policies
