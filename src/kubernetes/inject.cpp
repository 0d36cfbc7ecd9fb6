#include "kubernetes/inject.h"

#include <algorithm>
#include <set>

#include "kubernetes/options.h"
#include "kubernetes/pod.h"
#include "kubernetes/rewrite.h"
#include "kubernetes/services.h"
#include "kubernetes/uninject.h"

namespace holdfast::kubernetes {
namespace {

// The opening quote of the text at a path, or NUL.
char quote_at(const Tree& tree, const Path& path) {
  const Node* node = &tree.root;
  for (const std::string& step : path) {
    const Member* member = node->member(step);
    const auto index = index_of(step);
    if (member != nullptr) {
      node = &member->value;
    } else if (node->kind == Node::Kind::sequence && index && *index < node->items.size()) {
      node = &node->items[*index];
    } else {
      return '\0';
    }
  }
  const char first = node->start < tree.text.size() ? tree.text[node->start] : '\0';
  return first == '"' || first == '\'' ? first : '\0';
}

// One document with the edits collected for it.
struct Work {
  const Manifest* manifest;
  const Document* document;
  std::vector<Edit> edits;
};

class Injector {
 public:
  Injector(const InjectFlags& flags, Outcome& outcome)
      : flags_(flags), options_(options_of(flags)), outcome_(outcome), policies_(flags.check_policy) {}

  void read(const std::vector<Manifest>& manifests) {
    for (const Manifest& manifest : manifests) {
      for (const Document& document : manifest.documents) work_.push_back({&manifest, &document, {}});
    }
    for (const Work& one : work_) {
      for (const Object& object : one.document->objects) {
        note_namespace(*one.document, object);
        if (object.kind == "ConfigMap") policies_.add(*one.document, object, namespace_of(object));
      }
    }
  }

  void decide_pods() {
    for (Work& one : work_) {
      for (const Object& object : one.document->objects) {
        if (object.pod_path) decide_pod(one, object, *object.pod_path);
      }
    }
  }

  void decide_services() {
    for (Work& one : work_) {
      for (const Object& object : one.document->objects) {
        if (object.kind != "Service") continue;
        ServiceDecision decision =
            decide_service(one.document->value, object, namespace_of(object), pods_, options_.version);
        if (decision.denial) report(one, *decision.denial, object, false);
        for (const Remark& warning : decision.warnings) report(one, warning, object, true);
        one.edits.insert(one.edits.end(), decision.edits.begin(), decision.edits.end());
      }
    }
    for (const auto& [index, unseen] : unseen_) {
      if (!pods_[index].is_seen) outcome_.faults.push_back(unseen);
    }
  }

  // The new text of a manifest; faults are reported.
  std::string text_of(const Manifest& manifest) {
    std::string text;
    std::size_t done = 0;
    for (const Work& one : work_) {
      if (one.manifest != &manifest || one.edits.empty()) continue;
      const auto edited = rewrite(one.document->tree, one.document->value, one.edits);
      if (!edited) {
        outcome_.faults.push_back(manifest.fault(*one.document, edited.error()));
        continue;
      }
      check_way_back(one, edited.value());
      text.append(manifest.text, done, one.document->start - done).append(edited.value());
      done = one.document->start + one.document->tree.text.size();
    }
    return text.append(manifest.text, done);
  }

 private:
  std::string namespace_of(const Object& object) const {
    if (!object.namespace_name.empty()) return object.namespace_name;
    return flags_.namespace_name.empty() ? "default" : flags_.namespace_name;
  }

  void report(const Work& one, const Remark& remark, const Object& object, bool warning) {
    constexpr std::size_t most_faults = 1000;  // each costs a walk over the text, to find its line
    if (outcome_.faults.size() < most_faults || !(warning || outcome_.has_errors()))
      outcome_.faults.push_back(one.manifest->fault(*one.document, remark, &object, warning));
  }

  void note_namespace(const Document& document, const Object& object) {
    const Json* value = find(document.value, object.at);
    if (object.kind != "Namespace" || value == nullptr) return;
    if (kubernetes::text_of(look(*value, {"metadata", "labels", namespace_label})) == "enabled") {
      enabled_.insert(object.name);
    }
  }

  // Labels and annotations of a workload do not reach its pods, so ours there would be ignored.
  std::optional<Remark> misplaced(const Json& value, const Object& object, const Path& pod_path) const {
    if (pod_path.empty()) return std::nullopt;
    for (const std::string_view list : {"annotations", "labels"}) {
      const Json* members = look(value, {"metadata", list});
      if (members == nullptr || !members->is_object()) continue;
      for (const auto& one : members->items()) {
        if (!one.key().starts_with(prefix)) continue;
        const Path at = object.at / "metadata" / list / one.key();
        const Json* in_pod = find(value, pod_path / "metadata" / list / one.key());
        if (in_pod != nullptr && *in_pod == one.value()) continue;
        return remark(code::misplaced_annotation, one.key() + " has no effect on a " + object.kind,
                      "move it to metadata of the pod template", at);
      }
    }
    return std::nullopt;
  }

  bool is_wanted(const Json& pod, const Object& object) const {
    if (!flags_.labelled_only) return true;
    const Json* metadata = look(pod, {"metadata"});
    const auto opt_in = metadata == nullptr ? Result<OptIn, Remark>(OptIn::neither) : read_opt_in(*metadata, {});
    if (!opt_in) return true;  // decide() says what is wrong
    return opt_in.value() == OptIn::in || (opt_in.value() == OptIn::neither && enabled_.contains(namespace_of(object)));
  }

  void decide_pod(Work& one, const Object& object, const Path& pod_path) {
    const Json& document = one.document->value;
    const Json* value = find(document, object.at);
    const Path at = object.at / pod_path;
    const Json* pod = find(document, at);
    if (value == nullptr) return;
    if (const auto wrong = misplaced(*value, object, pod_path)) return report(one, *wrong, object, false);
    if (pod != nullptr && !is_wanted(*pod, object)) return remember(one, object, pod, Decision{});
    const PodContext context{object.kind, namespace_of(object), object.name, at,
                             [&one](const Path& path) { return quote_at(one.document->tree, path); }};
    Decision decision = decide(document, context, options_);
    for (const Remark& warning : decision.warnings) report(one, warning, object, true);
    for (const Remark& reason : decision.reasons) {
      report(one, reason, object, decision.outcome != Decision::Outcome::deny);
    }
    one.edits.insert(one.edits.end(), decision.edits.begin(), decision.edits.end());
    if (!decision.policy.config_map.empty()) look_up_policy(one, object, decision.policy, at);
    remember(one, object, pod, decision);
  }

  void look_up_policy(const Work& one, const Object& object, const PolicyUse& use, const Path& pod_at) {
    const PolicyMaps::Found found = policies_.look_up(use, namespace_of(object), pod_at);
    const Work* where = &one;
    for (const Work& other : work_) {
      if (other.document == found.document) where = &other;
    }
    const Object& whose = found.config_map == nullptr ? object : *found.config_map;
    for (const PolicyMaps::Told& told : found.remarks) report(*where, told.remark, whose, told.warning);
  }

  void remember(const Work& one, const Object& object, const Json* pod, const Decision& decision) {
    const Json* labels = pod == nullptr ? nullptr : look(*pod, {"metadata", "labels"});
    const bool injected =
        decision.outcome == Decision::Outcome::inject || decision.outcome == Decision::Outcome::already;
    if (decision.outcome == Decision::Outcome::inject) ++outcome_.injected;
    pods_.push_back({&object, namespace_of(object), labels == nullptr ? Json::object() : *labels, injected,
                     decision.captured, false});
    const bool serves = object.kind == "Deployment" || object.kind == "StatefulSet" || object.kind == "DaemonSet" ||
                        object.kind == "ReplicaSet";
    const Captured& captured = decision.captured;
    const bool moved = decision.outcome == Decision::Outcome::inject && captured.port != captured.proxy_port;
    if (!serves || !moved) return;
    const std::string number = std::to_string(captured.port);
    const Remark unseen =
        remark(code::service,
               "no Service here selects its pods; one elsewhere with targetPort " + number + " goes around Holdfast",
               captured.name.empty() ? "put it into the same stream" : "use targetPort: " + captured.name + " there",
               object.at);
    unseen_.emplace_back(pods_.size() - 1, one.manifest->fault(*one.document, unseen, &object, true));
  }

  // What cannot be taken back exactly is not injected.
  void check_way_back(const Work& one, const std::string& edited) {
    std::vector<config::Fault> faults;
    const Manifest again = read_manifest(one.manifest->file, edited, faults);
    const bool readable = faults.empty() && again.documents.size() == 1;
    const auto restored = readable ? restore(again.documents.front()) : Result<Restored, Trouble>(Trouble{});
    if (readable && restored && restored.value().text == one.document->tree.text) return;
    outcome_.faults.push_back(one.manifest->fault(
        *one.document, Trouble{0, std::string(code::not_editable),
                               "this document is written in a way that could not be restored exactly",
                               "write the pod in plain block style"}));
  }

  const InjectFlags& flags_;
  const InjectOptions options_;
  Outcome& outcome_;
  PolicyMaps policies_;
  std::vector<Work> work_;
  std::vector<Selected> pods_;
  std::vector<std::pair<std::size_t, config::Fault>> unseen_;  // by index in pods_
  std::set<std::string> enabled_;                              // namespaces that this stream opts in
};

}  // namespace

bool Outcome::has_errors() const {
  return std::any_of(faults.begin(), faults.end(), [](const config::Fault& one) { return !one.warning; });
}

Outcome inject(std::vector<Source> sources, const InjectFlags& flags) {
  Outcome outcome;
  std::vector<Manifest> manifests;
  manifests.reserve(sources.size());
  for (Source& source : sources) {
    manifests.push_back(read_manifest(std::move(source.name), std::move(source.text), outcome.faults));
  }
  Injector injector(flags, outcome);
  injector.read(manifests);
  injector.decide_pods();
  injector.decide_services();
  for (const Manifest& manifest : manifests) outcome.texts.push_back(injector.text_of(manifest));
  if (outcome.has_errors()) outcome.texts.clear();
  return outcome;
}

}  // namespace holdfast::kubernetes
