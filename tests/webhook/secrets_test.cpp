// The Secrets of the webhook, and that a renewal leaves no moment at which API servers distrust what is served.
#include "webhook/secrets.h"

#include <doctest/doctest.h>

#include "core/base64.h"
#include "tls/pem.h"

namespace holdfast::webhook {
namespace {

constexpr WallTime today{std::chrono::seconds(1'800'000'000)};
constexpr Duration day = std::chrono::hours(24);
constexpr Lifetimes lifetimes{90 * day, 1000 * day};

Secrets first() {
  auto made = make_secrets("holdfast-system", "holdfast-webhook", lifetimes, today);
  REQUIRE(made.has_value());
  return std::move(made).value();
}

bool trusts(const std::string& bundle, const Secrets& serving, WallTime now) {
  return !tls::signers_of(serving.serving.certificate, bundle, now).empty();
}

std::string changed(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("secrets: what is written is read again, alone or as items of a List") {
  const Secrets made = first();
  const auto read = read_secrets(to_yaml(made));
  REQUIRE(read.has_value());
  CHECK(read.value().namespace_name == "holdfast-system");
  CHECK(read.value().service == "holdfast-webhook");
  CHECK(to_yaml(read.value()) == to_yaml(made));
  const auto item = [](const std::string& name, const std::string& data) {
    return R"({"kind":"Secret","metadata":{"name":")" + name + R"(","namespace":"n"},"data":{)" + data + "}}";
  };
  const std::string list = R"({"kind":"List","items":[{"kind":"ConfigMap"},)" +
                           item("w-certificates", R"("tls.crt":"QQ==","tls.key":"Qg==","ca.crt":"Qw==")") + "," +
                           item("w-ca", R"("ca.crt":"RA==","ca.key":"RQ==")") + "]}";
  const auto listed = read_secrets(list);
  REQUIRE(listed.has_value());
  CHECK(listed.value().service == "w");
  CHECK(listed.value().serving.certificate == "A");
  CHECK(listed.value().authority.key == "E");
}

TEST_CASE("secrets: names that YAML takes for numbers or truth stay names") {
  for (const char* name : {"123", "1e3", "0x1f", "true", "null", "2026-11-30", "no"}) {
    CAPTURE(name);
    const auto made = make_secrets(name, name, lifetimes, today);
    REQUIRE(made.has_value());
    const auto read = read_secrets(to_yaml(made.value()));
    REQUIRE(read.has_value());
    CHECK(read.value().namespace_name == name);
    CHECK(read.value().service == name);
    CHECK(to_yaml(made.value()).find(std::string("app.kubernetes.io/name: \"") + name + "\"\n") != std::string::npos);
  }
}

TEST_CASE("secrets: the certificate is for both names of the Service, and valid a little before it was made") {
  const auto facts = tls::read_certificates(first().serving.certificate);
  REQUIRE(facts.has_value());
  CHECK(facts.value()[0].names == std::vector<std::string>{"holdfast-webhook.holdfast-system.svc",
                                                           "holdfast-webhook.holdfast-system.svc.cluster.local"});
  CHECK(facts.value()[0].not_before <= today - std::chrono::minutes(5));
  CHECK(facts.value()[0].not_before >= today - std::chrono::hours(1));
  CHECK(facts.value()[0].not_after == today + 90 * day);
}

TEST_CASE("secrets: the patch holds the bundle") {
  const Secrets made = first();
  CHECK(ca_bundle_patch(made) ==
        R"([{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":")" + to_base64(made.bundle) + "\"}]\n");
}

TEST_CASE("secrets: in both steps of a renewal every bundle in force trusts every certificate in use") {
  const Secrets old = first();
  const WallTime later = today + 80 * day;
  const auto step_one = renew_authority(old, lifetimes, later);
  REQUIRE(step_one.has_value());
  const Secrets& both = step_one.value();
  CHECK(both.serving.certificate == old.serving.certificate);
  CHECK(both.serving.key == old.serving.key);
  CHECK(both.authority.certificate != old.authority.certificate);
  CHECK(trusts(old.bundle, both, later));   // before the patch
  CHECK(trusts(both.bundle, both, later));  // after it
  const auto step_two = renew_certificate(both, lifetimes, later);
  REQUIRE(step_two.has_value());
  const Secrets& fresh = step_two.value();
  CHECK(trusts(both.bundle, fresh, later));  // replicas with either certificate, before the patch
  CHECK(trusts(both.bundle, old, later));
  CHECK(trusts(fresh.bundle, fresh, later));  // after it, with the new one alone
  CHECK(!trusts(fresh.bundle, old, later));
  CHECK(fresh.bundle == both.authority.certificate);
  CHECK(tls::read_certificates(fresh.serving.certificate).value()[0].names ==
        tls::read_certificates(old.serving.certificate).value()[0].names);
}

TEST_CASE("secrets: a first step that is repeated keeps whom the certificate needs, and forgets the attempts before") {
  const Secrets old = first();
  const auto once = renew_authority(old, lifetimes, today);
  REQUIRE(once.has_value());
  const auto twice = renew_authority(once.value(), lifetimes, today);
  REQUIRE(twice.has_value());
  CHECK(trusts(twice.value().bundle, old, today));
  CHECK(tls::read_certificates(twice.value().bundle).value().size() == 2);
  CHECK(renew_certificate(twice.value(), lifetimes, today).has_value());
}

TEST_CASE("secrets: the second step alone renews under the authority that is there") {
  const Secrets old = first();
  const auto renewed = renew_certificate(old, lifetimes, today + day);
  REQUIRE(renewed.has_value());
  CHECK(renewed.value().bundle == old.bundle);
  CHECK(trusts(old.bundle, renewed.value(), today + day));
  CHECK(renewed.value().serving.certificate != old.serving.certificate);
}

TEST_CASE("secrets: a second step before the first was applied is refused") {
  Secrets torn = first();
  torn.authority = first().authority;
  const auto refused = renew_certificate(torn, lifetimes, today);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().find("--renew authority") != std::string::npos);
}

TEST_CASE("secrets: when all has expired, nothing is renewed without a gap, and that is said") {
  const auto refused = renew_authority(first(), lifetimes, today + 91 * day);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().find("make new ones") != std::string::npos);
}

TEST_CASE("secrets: what cannot be read is told in a sentence") {
  const std::string good = to_yaml(first());
  struct Row {
    std::string text;
    const char* sentence;
  };
  const Row rows[] = {
      {"", "there is no Secret whose name ends with -certificates"},
      {"kind: [", "this is no YAML: "},
      {good.substr(0, good.find("---")), "there is no Secret whose name ends with -ca"},
      {changed(good, "holdfast-webhook-ca", "other-ca"), "the two Secrets do not belong together"},
      {changed(good, "namespace: \"holdfast-system\"", "namespace: elsewhere"),
       "the two Secrets do not belong together"},
      {changed(good, "tls.key: ", "tls.kay: "), "holdfast-webhook-certificates: tls.key is missing in its data"},
      {changed(good, "ca.key: ", "ca.key: '!'  # "), "holdfast-webhook-ca: ca.key is no base64"},
      {changed(good, "ca.crt: ", "ca.crt: ''  # "), "holdfast-webhook-certificates: ca.crt is no base64"},
  };
  for (const Row& row : rows) {
    const auto read = read_secrets(row.text);
    REQUIRE(!read.has_value());
    CHECK_MESSAGE(read.error().starts_with(row.sentence), read.error());
  }
}

}  // namespace holdfast::webhook
