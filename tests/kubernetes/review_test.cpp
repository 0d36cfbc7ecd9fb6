// Admission reviews: what is refused as none, what is decided about a pod, and that both come with a reason.
#include "kubernetes/review.h"

#include <doctest/doctest.h>

#include "config/loader.h"
#include "core/base64.h"
#include "golden.h"
#include "kubernetes/manifest.h"
#include "kubernetes/strict_json.h"
#include "reviews.h"

namespace holdfast::kubernetes::testing {
namespace {

using Outcome = Review::Outcome;

Review reviewed(const Json& json) { return review(json.dump(), options()); }
Json response_of(const Review& done) { return Json::parse(done.content)["response"]; }
Json patch_of(const Review& done) {
  return Json::parse(from_base64(response_of(done)["patch"].get<std::string>()).value_or("null"));
}

}  // namespace

TEST_CASE("review: a pod of a Deployment gets the patch that decide() makes, with its uid and no warning") {
  const Review done = reviewed(review_of(users_pod()));
  CHECK(done.outcome == Outcome::patched);
  CHECK(done.status == 200);
  CHECK(done.content_type == "application/json");
  CHECK(done.pod == "users");
  CHECK(done.namespace_name == "shop");
  const Json all = Json::parse(done.content);
  CHECK(all["apiVersion"] == "admission.k8s.io/v1");
  CHECK(all["kind"] == "AdmissionReview");
  const Json response = response_of(done);
  CHECK(response["uid"] == "705ab4f5");
  CHECK(response["allowed"] == true);
  CHECK(response["patchType"] == "JSONPatch");
  CHECK(!response.contains("warnings"));
  const nlohmann::json patched = nlohmann::json(users_pod()).patch(nlohmann::json(patch_of(done)));
  CHECK(patched["spec"]["initContainers"][0]["name"] == "holdfast");
  CHECK(patched["spec"]["initContainers"][0]["args"][1] == "--service=users");
  CHECK(patched["spec"]["containers"][0]["ports"][0]["containerPort"] == 8081);
}

TEST_CASE(
    "review: of a pod with all that an API server sends, the patch touches what the sidecar needs and nothing else") {
  const auto text = config::read_file("tests/kubernetes/reviews/deployment.json");
  REQUIRE(text);
  const Json sent = Json::parse(text.value());
  const Review done = reviewed(sent);
  REQUIRE(done.outcome == Outcome::patched);
  CHECK(!response_of(done).contains("warnings"));
  const Json pod = sent["request"]["object"];
  Json patched = Json::parse(nlohmann::json(pod).patch(nlohmann::json(patch_of(done))).dump());
  const Json api = patched["spec"]["containers"][0];
  CHECK(api["ports"][0] == Json::parse(R"({"containerPort": 8081, "name": "http", "protocol": "TCP"})"));
  CHECK(api["ports"].size() == 3);
  CHECK(api["livenessProbe"]["httpGet"]["path"] == "/app-probe/api/liveness");
  CHECK(api["readinessProbe"]["httpGet"]["path"] == "/app-probe/api/readiness");
  CHECK(api["readinessProbe"]["periodSeconds"] == 5);
  CHECK(patched["metadata"]["annotations"].size() == 3);

  // Without what it names, the pod is what was sent.
  nlohmann::json rest = patched;
  rest["spec"].erase("initContainers");
  rest["metadata"]["annotations"].erase("holdfast.dev/status");
  for (const char* part : {"ports", "livenessProbe", "readinessProbe", "lifecycle"})
    rest["spec"]["containers"][0].erase(part);
  nlohmann::json before = pod;
  for (const char* part : {"ports", "livenessProbe", "readinessProbe"}) before["spec"]["containers"][0].erase(part);
  CHECK(rest == before);

  const Review again = reviewed(set(sent, "/request/object", patched));
  CHECK(again.outcome != Outcome::patched);
  CHECK(response_of(again)["allowed"] == true);
}

TEST_CASE("review: the namespace of the request makes the drain token, since the pod has none yet") {
  const Review shop = reviewed(review_of(users_pod()));
  const Review other = reviewed(set(review_of(users_pod()), "/request/namespace", "other"));
  Json named = review_of(users_pod());
  named["request"]["object"]["metadata"]["namespace"] = "shop";
  CHECK(shop.content != other.content);
  CHECK(patch_of(reviewed(named)) == patch_of(shop));
}

TEST_CASE("review: called again with its own result, it answers without a patch and without a warning") {
  for (const char* with : {"", "neighbour"}) {
    Json pod = users_pod();
    const Review first = reviewed(review_of(pod));
    pod = Json::parse(nlohmann::json(pod).patch(nlohmann::json(patch_of(first))).dump());
    if (*with != '\0') pod["spec"]["containers"].push_back({{"name", with}, {"image", "x"}});
    const Review again = reviewed(review_of(pod));
    CHECK(again.outcome == Outcome::unchanged);
    const Json response = response_of(again);
    CHECK(response == Json{{"uid", "705ab4f5"}, {"allowed", true}});
  }
}

TEST_CASE("review: a pod that opts out is left alone without a word") {
  const Review done =
      reviewed(set(review_of(users_pod()), "/request/object/metadata/labels/holdfast.dev~1inject", "false"));
  CHECK(done.outcome == Outcome::unchanged);
  CHECK(response_of(done) == Json{{"uid", "705ab4f5"}, {"allowed", true}});
}

TEST_CASE("review: what is left alone for a reason is allowed with a warning") {
  const Review done = reviewed(set(review_of(users_pod()), "/request/object/spec/hostNetwork", true));
  CHECK(done.outcome == Outcome::unchanged);
  const Json response = response_of(done);
  CHECK(response["allowed"] == true);
  CHECK(response["warnings"].size() == 1);
  CHECK(response["warnings"][0].get<std::string>().starts_with("holdfast: a pod in the network of its node"));
}

TEST_CASE("review: a pod that cannot be injected is denied with reason and fix, and that is no failure of ours") {
  struct Row {
    const char* at;
    Json value;
    const char* code;
  };
  const Row rows[] = {
      {"/request/object/spec/containers/0/ports/0", {{"containerPort", 3000}}, "unnamed-port"},
      {"/request/object/spec/containers/0/ports/0/name", "grpc", "protocol"},
      {"/request/object/spec/containers/0/ports/0/hostPort", 80, "host-port"},
      {"/request/object/metadata/annotations", {{"holdfast.dev/polcy", "x"}}, "unknown-annotation"},
      {"/request/object/metadata/labels/holdfast.dev~1inject", "yes", "bad-annotation"},
      {"/request/object/spec/containers/0/ports", Json::array(), "no-port"},
      {"/request/object/spec", nullptr, "wrong-type"},
      {"/request/object/spec/containers", "none", "wrong-type"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.code);
    const Review done = reviewed(set(review_of(users_pod()), row.at, row.value));
    CHECK(done.status == 200);
    CHECK(done.outcome == Outcome::denied);
    CHECK(done.code == row.code);
    const Json response = response_of(done);
    CHECK(response["allowed"] == false);
    CHECK(response["uid"] == "705ab4f5");
    CHECK(response["status"]["code"] == 403);
    CHECK(response["status"]["message"].get<std::string>().size() > 20);
    CHECK(!response.contains("patch"));
    CHECK(!response.contains("patchType"));
  }
}

TEST_CASE("review: control characters of a pod do not reach messages, which travel in fields of HTTP") {
  const Review done = reviewed(
      set(review_of(users_pod()), "/request/object/metadata/annotations", {{"holdfast.dev/a\r\nx: y\x7f", "x"}}));
  CHECK(done.outcome == Outcome::denied);
  for (const char c : response_of(done)["status"]["message"].get<std::string>()) {
    CHECK(static_cast<unsigned char>(c) >= ' ');
    CHECK(c != '\x7f');
  }
}

TEST_CASE("review: what is no review is refused with 400 and one sentence") {
  struct Row {
    const char* at;
    Json value;
    const char* sentence;
  };
  const Row rows[] = {
      {"/kind", "PodReview", "kind is not AdmissionReview"},
      {"/kind", nullptr, "kind is missing"},
      {"/apiVersion", "admission.k8s.io/v1beta1",
       "apiVersion is not admission.k8s.io/v1; fix: admissionReviewVersions: [v1]"},
      {"/apiVersion", 1, "apiVersion is no text"},
      {"/request", nullptr, "request is missing"},
      {"/request", Json::array(), "request is missing"},
      {"/request/uid", "", "request.uid is empty"},
      {"/request/uid", nullptr, "request.uid is missing"},
      {"/request/uid", 7, "request.uid is no text"},
      {"/request/operation", nullptr, "request.operation is missing"},
      {"/request/kind", "Pod", "request.kind is missing"},
      {"/request/kind/kind", nullptr, "request.kind.kind is missing"},
      {"/request/namespace", 1, "request.namespace is no text"},
      {"/request/object", nullptr, "request.object is missing"},
      {"/request/object", "pod", "request.object is missing"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.sentence);
    const Review done = reviewed(set(review_of(users_pod()), row.at, row.value));
    CHECK(done.outcome == Outcome::refused);
    CHECK(done.status == 400);
    CHECK(done.reason == row.sentence);
    CHECK(done.content == std::string(row.sentence) + "\n");
    CHECK(done.content_type.starts_with("text/plain"));
  }
}

TEST_CASE("review: objects that the webhook should not be asked about are allowed with a warning") {
  for (const auto& [at, value] : {std::pair<const char*, const char*>{"/request/kind/kind", "Deployment"},
                                  {"/request/kind/group", "metrics.example"},
                                  {"/request/operation", "UPDATE"},
                                  {"/request/operation", "DELETE"},
                                  {"/request/subResource", "status"}}) {
    CAPTURE(value);
    const Review done = reviewed(set(review_of(users_pod()), at, value));
    CHECK(done.outcome == Outcome::unchanged);
    CHECK(response_of(done)["allowed"] == true);
    CHECK(response_of(done)["warnings"].size() == 1);
  }
}

TEST_CASE("review: bytes that are no strict JSON are refused") {
  const std::string good = review_of(users_pod()).dump();
  CHECK(review(good, options()).outcome == Outcome::patched);
  std::string deep = "{\"a\":";
  for (int i = 0; i < 200; ++i) deep += '[';
  std::string many = "[0";
  for (int i = 0; i < 200'000; ++i) many += ",0";
  for (const auto& [bytes, sentence] : {
           std::pair<std::string, const char*>{"", "the request is no JSON (at byte 1)"},
           {good.substr(0, good.size() - 1), "the request is no JSON"},
           {good + "x", "the request is no JSON"},
           {"{\"kind\":\"a\",\"kind\":\"b\"}", "the request has the member 'kind' twice"},
           {"{\"a\":{\"b\\u0063\":1,\"bc\":2}}", "the request has the member 'bc' twice"},
           {"{\"a\":\"\xff\"}", "the request is no JSON"},
           {"{\"a\":1e999}", "the request is no JSON"},
           {"\xEF\xBB\xBF[", "the request is no JSON"},
           {"{\"a\":NaN}", "the request is no JSON"},
           {deep, "the request is nested more than 100 levels deep"},
           {many + "]", "the request has more than 200000 values"},
           {"[]", "the request is no JSON object"},
       }) {
    CAPTURE(sentence);
    const Review done = review(bytes, options());
    CHECK(done.status == 400);
    CHECK(done.outcome == Outcome::refused);
    CHECK(done.reason.starts_with(sentence));
  }
}

TEST_CASE("review: of a review that is cut anywhere nothing is decided") {
  const std::string good = review_of(users_pod()).dump();
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK(review(std::string_view(good).substr(0, size), options()).outcome == Outcome::refused);
  }
}

TEST_CASE("review: an object of 300000 different members costs no search for each") {
  std::string wide = "{\"a0\":0";
  for (int i = 1; i < 150'000; ++i) wide += ",\"a" + std::to_string(i) + "\":0";
  const auto read = read_json(wide + "}");
  REQUIRE(read.has_value());
  CHECK(read.value().size() == 150'000);
}

namespace {

// The pod of an object as its controller makes it.
Json pod_of(const Json& document, const Object& object, const Path& pod_path) {
  const Json* part = find(document, object.at / pod_path);
  if (part == nullptr || !part->is_object()) return nullptr;
  Json pod = *part;
  pod["kind"] = "Pod";
  if (!pod_path.empty() && (!pod.contains("metadata") || pod["metadata"].is_object()))
    pod["metadata"]["generateName"] = object.name + "-";
  return pod;
}

}  // namespace

TEST_CASE("review: each golden pod gets from the webhook what decide() makes of it for the command line") {
  std::size_t patched = 0;
  std::size_t denied = 0;
  for (const Golden& golden : all_goldens()) {
    CAPTURE(golden.name);
    std::vector<config::Fault> faults;
    const Manifest manifest = read_manifest("manifest", golden.input, faults);
    const InjectOptions chosen = options_of(flags_of(golden.name));
    for (const Document& document : manifest.documents) {
      for (const Object& object : document.objects) {
        const Json pod = object.pod_path ? pod_of(document.value, object, *object.pod_path) : Json();
        if (!pod.is_object()) continue;
        Json asked = review_of(pod);
        asked["request"]["namespace"] = object.namespace_name;
        const Review done = review(asked.dump(), chosen);
        const PodContext context{"Pod", object.namespace_name, object.name, {}, [](const Path&) { return '"'; }};
        const Decision decision = decide(pod, context, chosen);
        CHECK((done.outcome == Outcome::denied) == (decision.outcome == Decision::Outcome::deny));
        CHECK((done.outcome == Outcome::patched) == !decision.edits.empty());
        if (done.outcome == Outcome::patched) CHECK(patch_of(done) == to_json_patch(decision.edits));
        patched += done.outcome == Outcome::patched ? 1 : 0;
        denied += done.outcome == Outcome::denied ? 1 : 0;
      }
    }
  }
  CHECK(patched > 60);
  CHECK(denied > 20);
}

}  // namespace holdfast::kubernetes::testing
