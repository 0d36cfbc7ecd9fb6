// Routes: patterns, what may be changed, and what it is changed to.
#include <doctest/doctest.h>

#include "config/route_reader.h"
#include "config/sample.h"

namespace {

using namespace holdfast;
using namespace holdfast::config;
using namespace std::chrono_literals;
using sample::load_policy;
using sample::places;

std::string with(const std::string& route) { return "version: 1\nroutes:\n  - {" + route + "}\n"; }

std::string wrong(std::string_view match) {
  std::string method;
  std::string path;
  return parse_match(match, method, path);
}

TEST_CASE("routes: a route starts from the policy's values and changes its own, wherever it stands in the file") {
  const auto loaded = load_policy(
      "version: 1\n"
      "routes:\n"
      "  - {name: create, match: POST /users, limits: {body: 64KiB}}\n"
      "  - {name: events, match: /events/*, timeouts: {request: none, because: streams}}\n"
      "policies:\n"
      "  timeouts: {firstByte: 2s}\n");
  REQUIRE_MESSAGE(loaded, sample::printed(loaded));
  const auto& routes = loaded.value().routes;
  REQUIRE(routes.size() == 2);
  CHECK(routes[0].method == "POST");
  CHECK(routes[0].path == "/users");
  CHECK(routes[0].settings[1].as<sample::Limits>().body.bytes == 65'536);
  CHECK(routes[0].settings[0].as<sample::Timeouts>().first_byte == 2s);
  CHECK(routes[1].method.empty());
  CHECK(!routes[1].settings[0].as<sample::Timeouts>().request);
  CHECK(loaded.value().policies[1].settings.as<sample::Limits>().body.bytes == 1'048'576);
  CHECK(loaded.value().origins.text("routes.create.limits.body") == "p:3");
  CHECK(loaded.value().origins.text("routes.events.timeouts.because") == "p:4");
}

TEST_CASE("routes: what a route cannot change is an error that says so") {
  struct Case {
    std::string_view what;
    std::string yaml;
    std::vector<std::string> expected;
  };
  const std::vector<Case> cases{
      {"mode", with("name: a, match: /a, timeouts: {mode: report}"), {"3:37 not-routable"}},
      {"setting of the whole service", with("name: a, match: /a, limits: {queue: 3}"), {"3:35 not-routable"}},
      {"policy of the whole service", with("name: a, match: /a, redaction: {headers: []}"), {"3:26 not-routable"}},
      {"misspelt setting", with("name: a, match: /a, limits: {bodi: 1KiB}"), {"3:35 unknown-key"}},
      {"misspelt policy", with("name: a, match: /a, limit: {body: 1KiB}"), {"3:26 unknown-key"}},
      {"setting without its policy", with("name: a, match: /a, body: 1KiB"), {"3:26 unknown-key"}},
      {"none without reason", with("name: a, match: /a, timeouts: {request: none}"), {"3:46 because-missing"}},
      {"no name", with("match: /a"), {"3:5 missing-key"}},
      {"no match", with("name: a"), {"3:5 missing-key"}},
      {"name of the metrics", with("name: unmatched, match: /a"), {"3:12 bad-text"}},
      {"bad match", with("name: a, match: users"), {"3:22 bad-match"}},
      {"name twice", with("name: a, match: /a}\n  - {name: a, match: /b"), {"4:12 duplicate-route"}},
      {"match twice", with("name: a, match: /a}\n  - {name: b, match: /a"), {"4:22 duplicate-route"}},
      {"match taken by any method", with("name: a, match: /a}\n  - {name: b, match: GET /a"), {"4:22 duplicate-route"}},
      {"methods differ", with("name: a, match: POST /a}\n  - {name: b, match: GET /a"), {}},
      {"no list", "version: 1\nroutes: {a: b}\n", {"2:9 wrong-shape"}},
      {"no mapping", "version: 1\nroutes: [a]\n", {"2:10 wrong-shape"}},
      {"an empty list", "version: 1\nroutes: []\n", {}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.what);
    CHECK(sample::listed(places(load_policy(one.yaml))) == sample::listed(one.expected));
  }
}

TEST_CASE("routes: patterns that can match are accepted, others are refused with the reason") {
  for (const std::string_view match :
       {"/", "/users", "/users/", "GET /", "GET /users/*", "/a/*/b", "/*", "PATCH /a%20b", "/a:b@c", "M-SEARCH /x"}) {
    CAPTURE(match);
    CHECK(wrong(match).empty());
  }
  for (const std::string_view match :
       {"",          "users", "GET",   "GET users", "get /users", "GET  /users", "TRACE /",
        "CONNECT /", "/a*",   "/a/**", "/a//b",     "/a/../b",    "/./a",        "/a?b=c",
        "/a#b",      "/%61",  "/%7E",  "/%2",       "/%zz",       "/a b",        "/\xC3\xA9"}) {
    CAPTURE(match);
    CHECK(!wrong(match).empty());
  }
}

}  // namespace
