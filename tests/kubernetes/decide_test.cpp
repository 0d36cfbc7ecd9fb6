// decide(): what the webhook will ask, with pods as an API server sends them.
#include <doctest/doctest.h>

#include <algorithm>

#include "kubernetes/decide.h"
#include "kubernetes/drain_token.h"

namespace holdfast::kubernetes {
namespace {

Json pod() {
  return Json::parse(R"({"metadata": {"generateName": "users-7d4f-", "labels": {"app": "users"}},
    "spec": {"containers": [{"name": "api", "image": "users:1", "ports": [{"name": "http", "containerPort": 8080}],
                             "readinessProbe": {"tcpSocket": {"port": "http"}, "timeoutSeconds": 2}}]}})");
}

PodContext context() { return {"Pod", "shop", "users", {}, {}}; }

InjectOptions options() {
  InjectOptions all;
  all.version = "1.0.0";
  all.drain_key = "secret";
  return all;
}

Decision decided(const Json& object) { return decide(object, context(), options()); }

Json injected(const Json& object) {
  nlohmann::json value = object;
  value = value.patch(nlohmann::json(to_json_patch(decided(object).edits)));
  return Json::parse(value.dump());
}

std::string code_of(const Decision& decision) { return decision.reasons.empty() ? "" : decision.reasons.front().code; }

TEST_CASE("decide: a pod of a webhook is injected with a native sidecar in front") {
  const Json after = injected(pod());
  const Json& sidecar = after["spec"]["initContainers"][0];
  CHECK(sidecar["name"] == "holdfast");
  CHECK(sidecar["restartPolicy"] == "Always");
  CHECK(after["spec"]["containers"][0]["ports"][0]["containerPort"] == 8081);
  CHECK(after["spec"]["containers"][0]["ports"][0]["name"] == "http");
  CHECK(after["spec"]["containers"][0]["ports"][1]["name"] == "app-http");
  CHECK(after["spec"]["containers"][0]["ports"][1]["containerPort"] == 8080);
}

TEST_CASE("decide: a TCP probe of the captured port becomes an HTTP probe of the sidecar") {
  const Json after = injected(pod());
  const Json probe = after["spec"]["containers"][0]["readinessProbe"];
  CHECK(!probe.contains("tcpSocket"));
  CHECK(probe["httpGet"]["path"] == "/app-probe/api/readiness");
  CHECK(probe["httpGet"]["port"] == 9902);
  const Json args = after["spec"]["initContainers"][0]["args"];
  CHECK(args.back() == R"(--app-probes={"api/readiness":{"tcpSocket":{"port":8080},"timeoutSeconds":2}})");
}

TEST_CASE("decide: a pod that comes back with the sidecar in it gets no edits and no warnings") {
  const Decision again = decided(injected(pod()));
  CHECK(again.outcome == Decision::Outcome::already);
  CHECK(again.edits.empty());
  CHECK(again.warnings.empty());
  CHECK(again.reasons.empty());
  CHECK(again.captured == Captured{"api", 8080, "http", 8081});
}

TEST_CASE("decide: without a key of the injector's nobody can work out the token") {
  InjectOptions other = options();
  other.drain_key = "another secret";
  const auto token = [](const Decision& decision) {
    for (const Edit& edit : decision.edits) {
      if (edit.path.back() == "lifecycle")
        return std::string(text_of(look(edit.value, {"preStop", "httpGet", "path"})));
    }
    return std::string();
  };
  const std::string first = token(decided(pod()));
  CHECK(first.starts_with("/drain/"));
  CHECK(first == token(decided(pod())));
  CHECK(first != token(decide(pod(), context(), other)));
  PodContext elsewhere = context();
  elsewhere.namespace_name = "other";
  CHECK(first != token(decide(pod(), elsewhere, options())));
}

TEST_CASE("decide: a captured port without a name is denied where no Service can be rewritten") {
  Json object = pod();
  object["spec"]["containers"][0]["ports"][0].erase("name");
  object["spec"]["containers"][0].erase("readinessProbe");
  CHECK(code_of(decided(object)) == code::unnamed_port);
  InjectOptions lenient = options();
  lenient.unnamed_ports = true;
  CHECK(decide(object, context(), lenient).outcome == Decision::Outcome::inject);
  object["metadata"]["annotations"]["holdfast.dev/capture"] = "same-port";
  CHECK(decided(object).outcome == Decision::Outcome::inject);
}

TEST_CASE("decide: a pod of a Job is skipped with a warning on servers without native sidecars") {
  Json object = pod();
  object["metadata"]["ownerReferences"] = Json::array({{{"kind", "Job"}, {"name", "import"}}});
  InjectOptions old = options();
  old.kube_minor = 28;
  const Decision decision = decide(object, context(), old);
  CHECK(decision.outcome == Decision::Outcome::skip);
  CHECK(code_of(decision) == code::job);
  CHECK(decided(object).outcome == Decision::Outcome::inject);
}

TEST_CASE("decide: opting out needs no other part of the pod to be right") {
  const Json object = Json::parse(R"({"metadata": {"labels": {"holdfast.dev/inject": "false"}}, "spec": {}})");
  const Decision decision = decided(object);
  CHECK(decision.outcome == Decision::Outcome::skip);
  CHECK(decision.reasons.empty());
}

TEST_CASE("decide: one resource can be set without losing the others") {
  Json object = pod();
  object["metadata"]["annotations"]["holdfast.dev/memory-limit"] = "96Mi";
  const nlohmann::json resources = injected(object)["spec"]["initContainers"][0]["resources"];
  CHECK(resources ==
        nlohmann::json::parse(R"({"requests": {"cpu": "20m", "memory": "16Mi"}, "limits": {"memory": "96Mi"}})"));
}

TEST_CASE("decide: memory that the sidecar could not start with is denied") {
  Json object = pod();
  Json& annotations = object["metadata"]["annotations"];
  annotations["holdfast.dev/memory-limit"] = "68Mi";
  CHECK(code_of(decided(object)) == code::bad_annotation);
  annotations["holdfast.dev/memory-limit"] = "69Mi";
  CHECK(decided(object).outcome == Decision::Outcome::inject);
  annotations["holdfast.dev/policy"] = "rules";
  annotations["holdfast.dev/memory-limit"] = "16Mi";
  CHECK(decided(object).outcome == Decision::Outcome::inject);
  annotations["holdfast.dev/memory-request"] = "1Mi";
  annotations["holdfast.dev/memory-limit"] = "15Mi";
  CHECK(code_of(decided(object)) == code::bad_annotation);
}

TEST_CASE("decide: however long the pod's grace period, the sidecar is told one that it takes") {
  Json object = pod();
  for (const auto& [seconds, told] :
       {std::pair{30, ""}, {31, "31s"}, {3600, "3600s"}, {7200, "3600s"}, {999999, "3600s"}}) {
    CAPTURE(seconds);
    object["spec"]["terminationGracePeriodSeconds"] = seconds;
    std::string grace;
    const Json after = injected(object);
    for (const auto& one : after["spec"]["initContainers"][0]["args"]) {
      const std::string text = one;
      if (text.starts_with("--termination-grace=")) grace = text.substr(text.find('=') + 1);
    }
    CHECK(grace == told);
  }
}

TEST_CASE("decide: a port below 1024 on the pod's own address is warned about") {
  Json object = pod();
  object["spec"]["containers"][0]["ports"][0]["containerPort"] = 80;
  object["metadata"]["annotations"]["holdfast.dev/capture"] = "same-port";
  const Decision decision = decided(object);
  CHECK(decision.outcome == Decision::Outcome::inject);
  CHECK(std::any_of(decision.warnings.begin(), decision.warnings.end(),
                    [](const Remark& one) { return one.code == code::privileged_port; }));
}

TEST_CASE("decide: a pod for Windows nodes is left alone, however it says so") {
  Json object = pod();
  object["spec"]["nodeSelector"] = {{"kubernetes.io/os", "windows"}};
  CHECK(code_of(decided(object)) == code::windows);
  object["spec"]["nodeSelector"] = {{"kubernetes.io/os", "linux"}};
  CHECK(decided(object).outcome == Decision::Outcome::inject);
}

TEST_CASE("decide: no value of a pod with a wrong type gets through or ends the process") {
  for (const char* path : {"/metadata", "/metadata/labels", "/metadata/annotations", "/spec", "/spec/containers",
                           "/spec/containers/0", "/spec/containers/0/ports", "/spec/containers/0/ports/0",
                           "/spec/containers/0/name", "/spec/containers/0/readinessProbe",
                           "/spec/containers/0/readinessProbe/tcpSocket", "/spec/containers/0/lifecycle",
                           "/spec/initContainers", "/spec/volumes", "/metadata/labels/holdfast.dev~1inject"}) {
    for (const char* text : {"1", "\"text\"", "true", "[1]", R"({"a": 1})", "[{}]", "[[]]"}) {
      CAPTURE(path);
      CAPTURE(text);
      nlohmann::json object = pod();
      object[nlohmann::json::json_pointer(path)] = nlohmann::json::parse(text);
      const Json changed = Json::parse(object.dump());
      const Decision decision = decided(changed);
      if (decision.outcome != Decision::Outcome::inject) continue;
      CHECK_NOTHROW(object.patch(nlohmann::json(to_json_patch(decision.edits))));
    }
  }
}

TEST_CASE("drain token: SHA-256 and HMAC give what RFC 4231 says") {
  const auto hex = [](const Digest& digest) {
    std::string text;
    for (const std::uint8_t byte : digest) {
      constexpr std::string_view digits = "0123456789abcdef";
      text += digits[byte >> 4U];
      text += digits[byte & 15U];
    }
    return text;
  };
  CHECK(hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex(sha256(std::string(64, 'a'))) == "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
  CHECK(hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

}  // namespace
}  // namespace holdfast::kubernetes
