// Policy files: values, units, modes, reasons, profiles, routes and waivers.
#include <doctest/doctest.h>

#include "config/sample.h"

namespace {

using namespace holdfast;
using namespace holdfast::config;
using namespace std::chrono_literals;
using sample::load_policy;
using sample::places;

const sample::Timeouts& timeouts_of(const Configuration& configuration) {
  return configuration.policies[0].settings.as<sample::Timeouts>();
}

// `setting` stands in line 3 of a file, below `policies:`.
std::string with(const std::string& setting) { return "version: 1\npolicies:\n  " + setting + "\n"; }

struct Case {
  std::string_view what;
  std::string yaml;
  std::vector<std::string> expected;
};

void check_all(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    CAPTURE(one.what);
    CHECK(sample::listed(places(load_policy(one.yaml))) == sample::listed(one.expected));
  }
}

TEST_CASE("policy file: values are read with their units") {
  const auto loaded = load_policy(
      "version: 1\nprofile: standard@1\npolicies:\n"
      "  timeouts: {connect: 250ms, firstByte: 1m30s, request: 2m, expiredStatus: 408}\n"
      "  limits: {body: 64KiB, connectionsPerClient: 7, queue: 0}\n"
      "  redaction: {headers: [Authorization, cookie, X-Own]}\n"
      "  errors: {replace5xx: false, message: \"no\", format: problem, sample: 0.5%, rate: 2.5/s, acceptLength: "
      "10-20}\n");
  REQUIRE_MESSAGE(loaded, sample::printed(loaded));
  const auto& timeouts = timeouts_of(loaded.value());
  CHECK(timeouts.connect == 250ms);
  CHECK(timeouts.first_byte == 90s);
  CHECK(timeouts.request == Duration(2min));
  CHECK(timeouts.expired_status == 408);
  const auto& limits = loaded.value().policies[1].settings.as<sample::Limits>();
  CHECK(limits.body.bytes == 65'536);
  CHECK(limits.connections_per_client == 7U);
  CHECK(limits.queue == 0);
  CHECK(loaded.value().policies[2].settings.as<sample::Redaction>().headers ==
        std::vector<std::string>{"authorization", "cookie", "x-own"});
  const auto& errors = loaded.value().policies[3].settings.as<sample::Errors>();
  CHECK(!errors.replace5xx);
  CHECK(errors.message == "no");
  CHECK(errors.format == sample::Format::problem);
  CHECK(errors.sample.per_million == 5'000);
  CHECK(errors.rate.per_1000_seconds == 2'500);
  CHECK(errors.accept_length == CountRange{10, 20});
}

TEST_CASE("policy file: a value without its unit, outside its range or of another shape is refused at the value") {
  check_all({
      {"no unit", with("timeouts: {connect: 5}"), {"3:23 bad-unit"}},
      {"wrong unit", with("timeouts: {connect: 5sec}"), {"3:23 bad-unit"}},
      {"unit of another kind", with("limits: {body: 1MB}"), {"3:18 bad-unit"}},
      {"too long", with("timeouts: {connect: 61m}"), {"3:23 out-of-range"}},
      {"zero", with("timeouts: {connect: 0s}"), {"3:23 out-of-range"}},
      {"negative", with("timeouts: {connect: -1s}"), {"3:23 bad-unit"}},
      {"count with a unit", with("limits: {queue: 5s}"), {"3:19 bad-number"}},
      {"octal count", with("limits: {queue: 010}"), {"3:19 bad-number"}},
      {"quoted count", with("limits: {queue: '5'}"), {"3:19 bad-number"}},
      {"count too large", with("limits: {queue: 10001}"), {"3:19 out-of-range"}},
      {"huge count", with("limits: {queue: 99999999999999999999}"), {"3:19 bad-number"}},
      {"list for a value", with("limits: {queue: [5]}"), {"3:19 wrong-shape"}},
      {"mapping for a value", with("limits: {queue: {a: 1}}"), {"3:19 wrong-shape"}},
      {"value for a list", with("redaction: {headers: cookie}"), {"3:24 wrong-shape"}},
      {"no value", with("limits: {queue: }"), {"3:12 no-value"}},
      {"tilde", with("limits: {queue: ~}"), {"3:12 no-value"}},
      {"policy without settings", with("limits:"), {"3:3 no-value"}},
      {"policy that is a word", with("limits: enforce"), {"3:11 wrong-shape"}},
      {"share above all", with("errors: {sample: 101%}"), {"3:20 bad-unit"}},
      {"rate without unit", with("errors: {rate: 50}"), {"3:18 bad-unit"}},
      {"rate below its range", with("errors: {rate: 0.5/s}"), {"3:18 out-of-range"}},
      {"span backwards", with("errors: {acceptLength: 20-10}"), {"3:26 out-of-range"}},
      {"no span", with("errors: {acceptLength: 20}"), {"3:26 bad-number"}},
      {"word of a list", with("redaction: {headers: [authorization, cookie, 'a b']}"), {"3:48 bad-text"}},
      {"word twice", with("redaction: {headers: [authorization, cookie, Cookie]}"), {"3:48 bad-text"}},
      {"number that is no choice", with("timeouts: {expiredStatus: 500}"), {"3:29 bad-word"}},
      {"not a mapping at all", "hello\n", {"1:1 missing-key", "1:1 wrong-shape"}},
      {"version of tomorrow", "version: 2\n", {"1:10 bad-version"}},
      {"no version", "policies: {}\n", {"1:1 missing-key"}},
      {"unknown profile", "version: 1\nprofile: standard@2\n", {"2:10 unknown-profile"}},
  });
}

TEST_CASE("policy file: on, off, yes, no, y and n are refused where a word is expected, unless quoted") {
  for (const std::string word : {"on", "off", "yes", "no", "y", "n", "Yes", "NO"}) {
    CAPTURE(word);
    CHECK(sample::listed(places(load_policy(with("errors: {message: " + word + "}")))) == "3:21 bare-word");
    CHECK(sample::listed(places(load_policy(with("errors: {format: " + word + "}")))) == "3:20 bare-word");
    CHECK(load_policy(with("errors: {message: '" + word + "'}")).has_value());
  }
}

TEST_CASE("policy file: files are never substituted") {
  check_all({
      {"braces", with("errors: {message: \"${MESSAGE}\"}"), {"3:21 substitution"}},
      {"parentheses", with("timeouts: {connect: 1$(X)}"), {"3:24 substitution"}},
      {"in a list", with("redaction: {headers: [authorization, cookie, \"${X}\"]}"), {"3:48 substitution"}},
      {"a lone dollar is a dollar", with("errors: {message: costs $5}"), {}},
  });
}

TEST_CASE("policy file: what is given up needs because in the same mapping") {
  check_all({
      {"limit without reason", with("timeouts: {request: none}"), {"3:23 because-missing"}},
      {"limit with reason", with("timeouts: {request: none, because: streams}"), {}},
      {"reason elsewhere", with("timeouts: {request: none}\n  limits: {because: streams}"), {"3:23 because-missing"}},
      {"count without reason", with("limits: {connectionsPerClient: none}"), {"3:34 because-missing"}},
      {"limit that stays", with("timeouts: {connect: none, because: x}"), {"3:23 not-liftable"}},
      {"count that stays", with("limits: {queue: none, because: x}"), {"3:19 not-liftable"}},
      {"disabled without reason", with("errors: {mode: disabled}"), {"3:18 because-missing"}},
      {"disabled with reason", with("errors: {mode: disabled, because: x}"), {}},
      {"names lost without reason", with("redaction: {headers: [cookie]}"), {"3:24 because-missing"}},
      {"names lost with reason", with("redaction: {headers: [cookie], because: x}"), {}},
      {"empty reason", with("errors: {mode: disabled, because: ''}"), {"3:37 no-value"}},
  });
  const auto lifted = load_policy(with("timeouts: {request: none, because: streams}"));
  REQUIRE(lifted);
  CHECK(!timeouts_of(lifted.value()).request);
}

TEST_CASE("policy file: modes are those a policy has") {
  check_all({
      {"report where it exists", with("timeouts: {mode: report}"), {}},
      {"report where it does not", with("errors: {mode: report}"), {"3:18 bad-mode"}},
      {"redaction is never off", with("redaction: {mode: disabled, because: x}"), {"3:21 bad-mode"}},
      {"no mode", with("errors: {mode: enforced}"), {"3:18 bad-mode"}},
      {"mode that is a boolean", with("errors: {mode: off}"), {"3:18 bare-word"}},
      {"a value that an unclosed bracket mixes with the next line",
       with("limits: {queue: 1\n  errors: {}"),
       {"3:11 syntax"}},
      {"mode in capitals", with("errors: {mode: Enforce}"), {"3:18 bad-mode"}},
  });
}

TEST_CASE("policy file: keys that are near get a did-you-mean, keys that live elsewhere get the way there") {
  const auto fault = [](const std::string& yaml) {
    const auto loaded = load_policy(yaml);
    REQUIRE(!loaded);
    REQUIRE(loaded.error().size() == 1);
    return loaded.error().front();
  };
  CHECK(fault(with("timeouts: {first_byte: 1s}")).did_you_mean == "firstByte");
  CHECK(fault(with("timeouts: {FirstByte: 1s}")).did_you_mean == "firstByte");
  CHECK(fault(with("timeouts: {conect: 1s}")).did_you_mean == "connect");
  CHECK(fault(with("timeouts: {conenct: 1s}")).did_you_mean == "connect");
  CHECK(fault(with("timeouts: {handshake: 1s}")).did_you_mean.empty());
  CHECK(fault(with("timeout: {}")).did_you_mean == "timeouts");
  CHECK(fault(with("errors: {format: simpel}")).did_you_mean == "simple");
  CHECK(fault(with("timeouts: {body: 1MiB}")).fix == "move it to limits");
  CHECK(fault(with("firstByte: 1s")).fix == "move it into timeouts: {…}");
  CHECK(fault("version: 1\ntimeouts: {}\n").fix == "move it below policies:");
  CHECK(fault("version: 1\nprofile: standard@2\n").did_you_mean == "standard@1");
}

TEST_CASE("policy file: rules across fields point at the value that a file sets") {
  check_all({
      {"both given", with("timeouts: {firstByte: 5s, request: 4s}"), {"3:25 rule"}},
      {"one given", with("timeouts:\n    request: 4s"), {"4:14 rule"}},
      {"in a route",
       with("timeouts: {request: 12s}\nroutes:\n  - {name: a, match: /a, timeouts: {firstByte: 13s}}"),
       {"5:48 rule"}},
      {"lifted", with("timeouts: {firstByte: 1m, request: none, because: x}"), {}},
  });
}

TEST_CASE("profiles: observe@1 reports where a policy can, and enforces elsewhere") {
  const auto loaded = load_policy("version: 1\nprofile: observe@1\npolicies: {limits: {mode: enforce}}\n");
  REQUIRE(loaded);
  CHECK(loaded.value().profile == "observe@1");
  CHECK(loaded.value().find("timeouts")->mode == Mode::report);
  CHECK(loaded.value().find("limits")->mode == Mode::enforce);
  CHECK(loaded.value().find("errors")->mode == Mode::enforce);
  CHECK(loaded.value().origins.text("timeouts.mode") == "profile observe@1");
  CHECK(loaded.value().origins.text("limits.mode") == "p:3");
}

TEST_CASE("waivers: all four keys are required, dates are dates, and an expired one only warns") {
  const auto waiver = [](const std::string& fields) { return "version: 1\nacceptRisk:\n  - {" + fields + "}\n"; };
  check_all({
      {"complete", waiver("check: limits.enforced, until: 2026-12-31, owner: team, because: x"), {}},
      {"expired",
       waiver("check: limits.enforced, until: 2026-11-21, owner: team, because: x"),
       {"3:37 expired-waiver"}},
      {"last day", waiver("check: limits.enforced, until: 2026-11-22, owner: team, because: x"), {}},
      {"no owner", waiver("check: limits.enforced, until: 2026-12-31, because: x"), {"3:5 missing-key"}},
      {"no day of the calendar",
       waiver("check: limits.enforced, until: 2026-02-30, owner: team, because: x"),
       {"3:37 bad-date"}},
      {"other order", waiver("check: limits.enforced, until: 31.12.2026, owner: team, because: x"), {"3:37 bad-date"}},
      {"no such policy",
       waiver("check: limit.enforced, until: 2026-12-31, owner: team, because: x"),
       {"3:13 bad-text"}},
      {"unknown key",
       waiver("check: limits.enforced, until: 2026-12-31, owner: team, because: x, who: y"),
       {"3:74 unknown-key"}},
      {"no list", "version: 1\nacceptRisk: none\n", {"2:13 wrong-shape"}},
  });
  const auto expired = load_policy(waiver("check: limits.enforced, until: 2026-11-21, owner: team, because: x"));
  REQUIRE(expired);
  CHECK(expired.value().waivers.at(0).expired);
  CHECK(expired.value().warnings.at(0).warning);
}

}  // namespace
