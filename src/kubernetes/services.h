// Services of the same stream: those that mean a captured port by its number are led to the proxy.
#pragma once

#include "kubernetes/decide.h"
#include "kubernetes/manifest.h"

namespace holdfast::kubernetes {

// A pod of the stream as Services see it.
struct Selected {
  const Object* object = nullptr;
  std::string namespace_name;
  Json labels;
  bool injected = false;
  Captured captured;
  bool is_seen = false;  // a Service of the stream selects it; set by decide_service
};

struct ServiceDecision {
  std::vector<Edit> edits;
  std::optional<Remark> denial;
  std::vector<Remark> warnings;
};
ServiceDecision decide_service(const Json& document, const Object& service, std::string_view namespace_name,
                               std::vector<Selected>& pods, const std::string& version);

}  // namespace holdfast::kubernetes
