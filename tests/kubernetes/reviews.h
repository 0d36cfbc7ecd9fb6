// reviews: a pod that is injected, and the review of it, for tests to change.
#pragma once

#include "golden.h"
#include "kubernetes/options.h"
#include "kubernetes/review.h"

namespace holdfast::kubernetes::testing {

inline InjectOptions options() {
  InjectOptions made = options_of(flags_of("webhook"));
  made.unnamed_ports = false;
  return made;
}

inline Json users_pod() {
  return Json::parse(R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "users-5d8f7c9b4-",
    "labels": {"app": "users", "pod-template-hash": "5d8f7c9b4"}},
    "spec": {"containers": [{"name": "api", "image": "users:1", "ports": [{"name": "http", "containerPort": 3000}]}]}})");
}

inline Json review_of(Json pod) {
  return Json{{"apiVersion", "admission.k8s.io/v1"},
              {"kind", "AdmissionReview"},
              {"request",
               {{"uid", "705ab4f5"},
                {"kind", {{"group", ""}, {"version", "v1"}, {"kind", "Pod"}}},
                {"namespace", "shop"},
                {"operation", "CREATE"},
                {"object", std::move(pod)}}}};
}

inline Json set(Json object, const char* pointer, const Json& value) {
  object[Json::json_pointer(pointer)] = value;
  return object;
}

}  // namespace holdfast::kubernetes::testing
