#include "kubernetes/status.h"

#include <algorithm>

#include "kubernetes/strict_json.h"

namespace holdfast::kubernetes {
namespace {

constexpr std::size_t largest_status = 256U << 10U;  // Kubernetes takes no more in all annotations of an object

}  // namespace

std::string status_text(const Status& status) {
  const Captured& captured = status.captured;
  Json all{{"version", status.version}, {"mode", status.mode}};
  if (!captured.container.empty()) {
    all["container"] = captured.container;
    all["port"] = captured.port;
    if (!captured.name.empty()) all["portName"] = captured.name;
    all["proxyPort"] = captured.proxy_port;
  }
  all["undo"] = status.undo;
  return dump(all);
}

// Whoever makes a pod writes its annotations.
std::optional<Status> parse_status(std::string_view text) {
  if (text.size() > largest_status) return std::nullopt;
  const auto read = read_json(text);
  if (!read) return std::nullopt;
  const Json& all = read.value();
  const Json* undo = all.is_object() ? look(all, {"undo"}) : nullptr;
  const std::string_view mode = all.is_object() ? text_of(look(all, {"mode"})) : std::string_view();
  if (undo == nullptr || mode.empty() || !parse_undo(*undo)) return std::nullopt;
  Status status{std::string(text_of(look(all, {"version"}))), std::string(mode), {}, *undo};
  status.captured = {std::string(text_of(look(all, {"container"}))), number_of(look(all, {"port"})).value_or(0),
                     std::string(text_of(look(all, {"portName"}))), number_of(look(all, {"proxyPort"})).value_or(0)};
  return status;
}

Json relative_undo(const std::vector<Edit>& edits, const Path& at) {
  std::vector<Edit> relative = edits;
  for (Edit& edit : relative)
    edit.path.erase(edit.path.begin(), edit.path.begin() + static_cast<std::ptrdiff_t>(at.size()));
  return to_undo_patch(relative);
}

Decision already_injected(const Pod& pod, const Json& metadata) {
  const Path at = pod.metadata_at / "annotations" / status_key;
  const auto status = parse_status(text_of(look(metadata, {"annotations", status_key})));
  Decision decision;
  decision.outcome = Decision::Outcome::deny;
  if (!status) {
    decision.reasons.push_back(
        remark(code::already_injected, "this status is not one that Holdfast wrote", "remove the annotation", at));
    return decision;
  }
  const std::vector<Placed> containers = containers_of(pod);
  const bool is_there = std::any_of(containers.begin(), containers.end(), [](const Placed& one) {
    return text_of(look(*one.value, {"name"})) == sidecar_name;
  });
  if (!is_there) {
    decision.reasons.push_back(remark(code::already_injected, "the status says injected, and the sidecar is not there",
                                      "remove the annotation", at));
    return decision;
  }
  decision.outcome = Decision::Outcome::already;
  decision.captured = status->captured;
  return decision;
}

}  // namespace holdfast::kubernetes
