// Any bytes sent as an AdmissionReview get one of four answers: refused with a sentence, or an answer to that uid which
// is a denial with a message, a patch that applies to the pod, or neither.
#include "kubernetes/review.h"

#include "core/base64.h"
#include "fuzz/pieces.h"
#include "kubernetes/strict_json.h"

namespace {

using namespace holdfast::kubernetes;
using holdfast::fuzz::require;

InjectOptions options() {
  InjectOptions made;
  made.image = "registry.example/holdfast:1";
  made.drain_key = "key";
  return made;
}

bool printable(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') return false;
  }
  return true;
}

void check_refusal(const Review& done) {
  require(done.status == 400, "the bytes alone are 400");
  require(!done.reason.empty() && printable(done.reason) && done.reason.size() < 256, "one short sentence");
  require(done.content == done.reason + "\n", "the content is the sentence");
}

void check_patch(const Json& request, const Json& response, const Review& done) {
  const auto bytes = holdfast::from_base64(text_of(look(response, {"patch"})));
  require(bytes.has_value() && text_of(look(response, {"patchType"})) == "JSONPatch", "a patch in base64");
  const nlohmann::json patch = nlohmann::json::parse(bytes.value_or(""), nullptr, false);
  require(patch.is_array() && !patch.empty(), "a list of operations");
  nlohmann::json again = nlohmann::json(request);
  again["request"]["object"] = again["request"]["object"].patch(patch);
  const Review second = review(again.dump(), options());
  require(second.outcome == Review::Outcome::unchanged && second.warnings == 0,
          "the second time nothing is left to do");
  require(done.status == 200, "a decision");
}

void check_answer(std::string_view bytes, const Review& done) {
  const auto request = read_json(bytes);
  const auto answer = read_json(done.content);
  require(request.has_value() && answer.has_value(), "strict JSON in, strict JSON out");
  if (!request.has_value() || !answer.has_value()) return;
  const Json& response = answer.value()["response"];
  require(text_of(look(response, {"uid"})) == text_of(look(request.value(), {"request", "uid"})), "the uid comes back");
  const Json* allowed = look(response, {"allowed"});
  require(allowed != nullptr && (*allowed == true) == (done.outcome != Review::Outcome::denied), "allowed or denied");
  const bool patched = done.outcome == Review::Outcome::patched;
  require(response.contains("patch") == patched && response.contains("patchType") == patched, "a patch or none");
  if (patched) check_patch(request.value(), response, done);
  if (done.outcome != Review::Outcome::denied) return;
  const std::string_view message = text_of(look(response, {"status", "message"}));
  require(!message.empty() && message.size() < 1024 && printable(message), "a message for people");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const Review done = review(bytes, options());
  if (done.outcome == Review::Outcome::refused) {
    check_refusal(done);
  } else {
    check_answer(bytes, done);
  }
  return 0;
}
