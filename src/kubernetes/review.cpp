#include "kubernetes/review.h"

#include "core/base64.h"
#include "kubernetes/shown.h"
#include "kubernetes/strict_json.h"
#include "kubernetes/workload.h"

namespace holdfast::kubernetes {
namespace {

using Outcome = Review::Outcome;

constexpr std::string_view api_version = "admission.k8s.io/v1";
constexpr int forbidden = 403;  // what API servers put in place of a denial without a status

// The API server passes messages on in fields of HTTP, which take no control characters.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  return text;
}

std::string message_of(const Remark& remark) {
  std::string text = remark.sentence;
  if (!remark.fix.empty()) text += "; fix: " + remark.fix;
  if (!remark.at.empty()) text += " (at " + shown(path_text(remark.at)) + ")";
  return printable(std::move(text));
}

// What is wrong with a member that must be a text.
std::optional<std::string> wrong_text(const Json& object, std::string_view name, std::string_view where) {
  const Json* value = look(object, {name});
  const std::string whole = std::string(where) + std::string(name);
  if (value == nullptr) return whole + " is missing";
  if (!value->is_string()) return whole + " is no text";
  if (text_of(value).empty()) return whole + " is empty";
  return std::nullopt;
}

std::optional<std::string> wrong_request(const Json& request) {
  if (auto wrong = wrong_text(request, "uid", "request.")) return wrong;
  if (auto wrong = wrong_text(request, "operation", "request.")) return wrong;
  const Json* kind = look(request, {"kind"});
  if (kind == nullptr || !kind->is_object()) return "request.kind is missing";
  if (auto wrong = wrong_text(*kind, "kind", "request.kind.")) return wrong;
  const Json* where = look(request, {"namespace"});
  if (where != nullptr && !where->is_string()) return "request.namespace is no text";
  return std::nullopt;
}

// Why the envelope is none that can be answered; it has a request with a uid otherwise.
std::optional<std::string> wrong_envelope(const Json& all) {
  if (!all.is_object()) return "the request is no JSON object";
  if (auto wrong = wrong_text(all, "kind", "")) return wrong;
  if (text_of(look(all, {"kind"})) != "AdmissionReview") return "kind is not AdmissionReview";
  if (auto wrong = wrong_text(all, "apiVersion", "")) return wrong;
  if (text_of(look(all, {"apiVersion"})) != api_version)
    return "apiVersion is not admission.k8s.io/v1; fix: admissionReviewVersions: [v1]";
  const Json* request = look(all, {"request"});
  if (request == nullptr || !request->is_object()) return "request is missing";
  return wrong_request(*request);
}

// Whether this is what the webhook is registered for: pods that are created.
bool creates_pod(const Json& request) {
  const Json& kind = *look(request, {"kind"});
  return text_of(look(request, {"operation"})) == "CREATE" && text_of(look(kind, {"kind"})) == "Pod" &&
         text_of(look(kind, {"group"})).empty() && text_of(look(request, {"subResource"})).empty();
}

class Answer {
 public:
  explicit Answer(Review known) : review_(std::move(known)) {
    response_ = Json{{"uid", review_.uid}, {"allowed", true}};
    review_.outcome = Outcome::unchanged;
  }

  void warn(const Remark& remark) {
    warnings_.push_back("holdfast: " + message_of(remark));
    if (review_.code.empty()) review_.code = remark.code;
  }

  void patch(const Json& operations) {
    response_["patchType"] = "JSONPatch";
    response_["patch"] = to_base64(dump(operations));
    review_.outcome = Outcome::patched;
  }

  void deny(const Remark& why) {
    review_.outcome = Outcome::denied;
    review_.code = why.code;
    review_.reason = message_of(why);
    response_["allowed"] = false;
    response_["status"] =
        Json{{"status", "Failure"}, {"code", forbidden}, {"reason", "Forbidden"}, {"message", review_.reason}};
  }

  Review finish() {
    review_.warnings = warnings_.size();
    if (!warnings_.empty()) response_["warnings"] = warnings_;
    review_.status = 200;
    review_.content_type = "application/json";
    review_.content =
        dump(Json{{"apiVersion", api_version}, {"kind", "AdmissionReview"}, {"response", std::move(response_)}});
    return std::move(review_);
  }

 private:
  Review review_;
  Json response_;
  Json warnings_ = Json::array();
};

void decide_pod(Answer& answer, const Json& pod, const PodContext& context, const InjectOptions& options) {
  const Decision decision = decide(pod, context, options);
  if (decision.outcome == Decision::Outcome::deny) return answer.deny(decision.reasons.front());
  for (const Remark& remark : decision.reasons) answer.warn(remark);
  for (const Remark& remark : decision.warnings) answer.warn(remark);
  if (!decision.edits.empty()) answer.patch(to_json_patch(decision.edits));
}

}  // namespace

std::string_view word(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::patched: return "patched";
    case Outcome::unchanged: return "unchanged";
    case Outcome::denied: return "denied";
    case Outcome::refused: return "refused";
  }
  return "";
}

Review refusal(int status, std::string reason) {
  Review refused;
  refused.status = status;
  refused.reason = printable(std::move(reason));
  refused.content = refused.reason + "\n";
  return refused;
}

Review review(std::string_view bytes, const InjectOptions& options) {
  const auto all = read_json(bytes);
  if (!all) return refusal(400, "the request " + all.error());
  if (auto wrong = wrong_envelope(all.value())) return refusal(400, std::move(*wrong));
  const Json& request = *look(all.value(), {"request"});
  Review known;
  known.uid = text_of(look(request, {"uid"}));
  known.namespace_name = text_of(look(request, {"namespace"}));
  if (!creates_pod(request)) {
    Answer answer(std::move(known));
    answer.warn({std::string(code::not_kubernetes),
                 "only pods that are created are injected",
                 "correct the rules of the MutatingWebhookConfiguration",
                 {}});
    return answer.finish();
  }
  const Json* pod = look(request, {"object"});
  if (pod == nullptr || !pod->is_object()) return refusal(400, "request.object is missing");
  if (known.namespace_name.empty()) known.namespace_name = text_of(look(*pod, {"metadata", "namespace"}));
  known.pod = workload_of(*pod);
  const PodContext context{"Pod", known.namespace_name, known.pod, {}, [](const Path&) { return '"'; }};
  Answer answer(std::move(known));
  decide_pod(answer, *pod, context, options);
  return answer.finish();
}

}  // namespace holdfast::kubernetes
