// Every golden manifest, and what must hold for all of them. New or changed ones are written by
//   build/debug/tests/test_kubernetes --no-skip --test-case='golden: write'
// in the project's folder; the difference is then read like code.
#include <doctest/doctest.h>

#include "golden.h"
#include "kubernetes/manifest.h"
#include "kubernetes/options.h"
#include "kubernetes/status.h"

namespace holdfast::kubernetes::testing {
namespace {

Manifest read(const std::string& text) {
  std::vector<config::Fault> faults;
  Manifest manifest = read_manifest("manifest", text, faults);
  CHECK(faults.empty());
  return manifest;
}

bool has_service(const Document& document) {
  for (const Object& object : document.objects) {
    if (object.kind == "Service") return true;
  }
  return false;
}

// What an API server makes of the document with the JSON Patch of each of its pods.
nlohmann::json patched(const Document& document, const InjectFlags& flags) {
  nlohmann::json value = document.value;
  for (const Object& object : document.objects) {
    if (!object.pod_path) continue;
    const PodContext context{object.kind, object.namespace_name, object.name, object.at / *object.pod_path,
                             [](const Path&) { return '"'; }};
    const Decision decision = decide(document.value, context, options_of(flags));
    value = value.patch(nlohmann::json(to_json_patch(decision.edits)));
  }
  return value;
}

// The quotes that stood around a port are noted for YAML alone; any other difference counts.
nlohmann::json without_status(nlohmann::json value) {
  if (value.is_object()) value.erase(std::string(status_key));
  for (auto& one : value) {
    if (one.is_structured()) one = without_status(std::move(one));
  }
  return value;
}

TEST_CASE("golden: each manifest gives the output and the messages that stand beside it") {
  const std::vector<Golden> all = all_goldens();
  CHECK(all.size() >= 100);
  for (const Golden& golden : all) {
    CAPTURE(golden.name);
    const Golden now = played(golden);
    CHECK(now.output == golden.output);
    CHECK(now.said == golden.said);
    CHECK_MESSAGE(!(now.output.empty() && now.said.empty()), "denied without a reason");
  }
}

TEST_CASE("golden: injecting twice is the same as once, and says nothing new") {
  for (const Golden& golden : all_goldens()) {
    if (golden.output.empty()) continue;
    CAPTURE(golden.name);
    const Outcome again = inject_text(golden.output, flags_of(golden.name));
    CHECK(!again.has_errors());
    CHECK(again.injected == 0);
    if (!again.texts.empty()) CHECK(again.texts.front() == golden.output);
  }
}

TEST_CASE("golden: uninject gives the input back byte for byte") {
  for (const Golden& golden : all_goldens()) {
    if (golden.output.empty()) continue;
    CAPTURE(golden.name);
    const Outcome back = uninject_text(golden.output);
    REQUIRE(!back.has_errors());
    CHECK(back.texts.front() == golden.input);
  }
}

TEST_CASE("golden: the JSON Patch and the edit of the text make the same object") {
  std::size_t compared = 0;
  for (const Golden& golden : all_goldens()) {
    if (golden.output.empty() || flags_of(golden.name).labelled_only) continue;
    CAPTURE(golden.name);
    const Manifest before = read(golden.input);
    const Manifest after = read(golden.output);
    REQUIRE(before.documents.size() == after.documents.size());
    for (std::size_t i = 0; i < before.documents.size(); ++i) {
      if (has_service(before.documents[i])) continue;
      const nlohmann::json text = after.documents[i].value;
      CHECK(without_status(patched(before.documents[i], flags_of(golden.name))) == without_status(text));
      ++compared;
    }
  }
  CHECK(compared > 50);
}

TEST_CASE("golden: the undo list in the status is a JSON Patch that restores the object") {
  std::size_t restored = 0;
  for (const Golden& golden : all_goldens()) {
    if (golden.output.empty()) continue;
    CAPTURE(golden.name);
    const Manifest before = read(golden.input);
    const Manifest after = read(golden.output);
    for (std::size_t i = 0; i < after.documents.size(); ++i) {
      nlohmann::json value = after.documents[i].value;
      for (const Object& object : after.documents[i].objects) {
        const Path root = object.at / object.pod_path.value_or(Path{});
        const Json* text = find(after.documents[i].value, root / "metadata" / "annotations" / status_key);
        if (text == nullptr) continue;
        const auto status = parse_status(text_of(text));
        REQUIRE(status);
        nlohmann::json& part = value[nlohmann::json::json_pointer(path_text(root))];
        part = part.patch(nlohmann::json(status->undo));
        ++restored;
      }
      CHECK(value == nlohmann::json(before.documents[i].value));
    }
  }
  CHECK(restored > 50);
}

TEST_CASE("golden: write" * doctest::skip()) {
  for (const Golden& golden : all_goldens()) write(played(golden));
}

}  // namespace
}  // namespace holdfast::kubernetes::testing
