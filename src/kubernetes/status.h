// Status: the annotation that tells what an injection did; it makes injecting twice the same as once, and uninject
// exact.
#pragma once

#include "kubernetes/pod.h"

namespace holdfast::kubernetes {

struct Status {
  std::string version;
  std::string mode;  // native, container, or service: of a Service whose targetPort was changed
  Captured captured;
  Json undo;  // RFC 6902, from the metadata's owner: the pod in its object, or the Service
};

std::string status_text(const Status& status);
std::optional<Status> parse_status(std::string_view text);

// The undo list of edits whose paths start with `at`, without that start.
Json relative_undo(const std::vector<Edit>& edits, const Path& at);

// What decide() says of a pod that has a status.
Decision already_injected(const Pod& pod, const Json& metadata);

}  // namespace holdfast::kubernetes
