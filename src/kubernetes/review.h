// review(): an AdmissionReview (admission.k8s.io/v1) of a pod in, its answer out. Bytes to bytes, no socket, no clock.
//
// What is no review is refused with a status of 400: the API server then goes by failurePolicy. Whatever is decided
// about a pod, a denial too, is an answer with 200.
#pragma once

#include <string>
#include <string_view>

#include "kubernetes/decide.h"

namespace holdfast::kubernetes {

struct Review {
  enum class Outcome : std::uint8_t { patched, unchanged, denied, refused };
  Outcome outcome = Outcome::refused;
  int status = 400;
  std::string content_type = "text/plain; charset=utf-8";
  std::string content;

  // For the log; empty or 0 where the review does not say.
  std::string uid;
  std::string namespace_name;
  std::string pod;     // its name, or what its generateName begins with
  std::string code;    // of the denial, or of the first warning
  std::string reason;  // a sentence: of the denial or the refusal
  std::size_t warnings = 0;
};

std::string_view word(Review::Outcome outcome) noexcept;

Review review(std::string_view bytes, const InjectOptions& options);

// What is refused before there are bytes to look at: a wrong path, method or media type.
Review refusal(int status, std::string reason);

}  // namespace holdfast::kubernetes
