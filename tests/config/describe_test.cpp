// What is printed from the declarations: effective, schema, reference.
#include <doctest/doctest.h>

#include "config/describe.h"
#include "config/reference.h"
#include "config/sample.h"
#include "config/schema.h"

namespace {

using namespace holdfast;
using namespace holdfast::config;

const sample::Files files{
    {"h", "version: 1\nlisten: :8080\nupstream: {address: 127.0.0.1:3000}\npolicy: u\n"},
    {"u",
     "version: 1\npolicies:\n  timeouts: {request: none, because: streams}\nroutes:\n  - {name: create, match: POST "
     "/users, limits: {body: 64KiB}}\n"
     "acceptRisk:\n  - {check: limits.enforced, until: 2026-11-01, owner: team, because: later}\n"}};

std::string line_of(const std::string& text, std::string_view key) {
  const std::size_t at = text.find("\n" + std::string(key) + " ");
  if (at == std::string::npos) return {};
  return text.substr(at + 1, text.find('\n', at + 1) - at - 1);
}

TEST_CASE("effective: every setting has a line with its value and its origin, aligned") {
  const auto loaded = sample::load_from(files, "h", {{"--workers", "2"}});
  REQUIRE_MESSAGE(loaded, sample::printed(loaded));
  const std::string text = "\n" + effective_text(loaded.value());
  CHECK(line_of(text, "listen") == "listen                       :8080                    h:2");
  CHECK(line_of(text, "workers") == "workers                      2                        --workers");
  CHECK(line_of(text, "timeouts.request") == "timeouts.request             none                     u:3");
  CHECK(line_of(text, "timeouts.because") == "timeouts.because             streams                  u:3");
  CHECK(line_of(text, "timeouts.mode") == "timeouts.mode                enforce                  profile standard@1");
  CHECK(line_of(text, "redaction.headers") ==
        "redaction.headers            [authorization, cookie]  profile standard@1");
  CHECK(line_of(text, "routes.create.match") == "routes.create.match          POST /users              u:5");
  CHECK(line_of(text, "routes.create.limits.body") == "routes.create.limits.body    64KiB                    u:5");
  CHECK(line_of(text, "routes.create.timeouts.request").empty());
  CHECK(line_of(text, "accepted risk:") ==
        "accepted risk: limits.enforced until 2026-11-01 (expired), team: later  u:7");
}

TEST_CASE("effective: each value is in the notation of the files, so that reading it back changes nothing") {
  for (const AnySection* section : sample::catalog().sections) {
    const AnySettings standard = section->standard();
    for (const Field& field : section->fields()) {
      CAPTURE(field.key);
      const std::string shown = field.show(standard);
      Given given;
      given.text = shown;
      given.because = true;
      if (field.kind == Kind::words) continue;
      AnySettings copy = standard;
      CHECK(!field.read(copy, given));
      CHECK(field.show(copy) == shown);
    }
  }
}

TEST_CASE("hash: equal configurations have equal hashes, whoever set the values") {
  const auto hash = [](const std::string& policy) {
    const auto loaded = sample::load_policy(policy);
    return loaded ? loaded.value().hash : std::string("fault");
  };
  CHECK(hash("version: 1\n").size() == 16);
  CHECK(hash("version: 1\n") == hash("version: 1\npolicies: {timeouts: {connect: 1000ms}}\n"));
  CHECK(hash("version: 1\n") != hash("version: 1\npolicies: {timeouts: {connect: 1001ms}}\n"));
}

TEST_CASE("schema: every field of every section is in it, with what it accepts") {
  const std::string text = schema(sample::catalog().sections);
  for (const std::string_view part : {"\"$schema\": \"https://json-schema.org/draft/2020-12/schema\"",
                                      "\"trustedHops\"", "\"firstByte\"", "\"connectionsPerClient\"", "\"observe@1\"",
                                      "\"acceptRisk\"", "\"pattern\": \"^(([0-9]{1,5}(h|m|s|ms)){1,4}|none)$\""}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("reference: the page has a row per setting and per code") {
  const std::string page = reference_page(sample::catalog().sections);
  CHECK(page.find("| `firstByte` | `10s` | 1ms to 1h | yes | To the head of the response. |") != std::string::npos);
  CHECK(page.find("| `listen` | – | an address | `--listen` |") != std::string::npos);
  CHECK(page.find("| `duplicate-key` | a key given twice in one mapping |") != std::string::npos);
}

}  // namespace
