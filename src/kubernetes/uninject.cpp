#include "kubernetes/uninject.h"

#include <algorithm>
#include <array>

#include "kubernetes/inject.h"
#include "kubernetes/pod.h"
#include "kubernetes/rewrite.h"
#include "kubernetes/status.h"

namespace holdfast::kubernetes {
namespace {

constexpr std::string_view default_container = "kubectl.kubernetes.io/default-container";

bool is_ours(std::string_view name) { return name == sidecar_name || name == policy_volume || name == app_port_name; }

// The items of ours in a list; their places may differ from those in the status, since servers add items too.
std::vector<std::size_t> our_items(const Json& list) {
  std::vector<std::size_t> found;
  for (std::size_t i = list.size(); i > 0; --i) {
    if (is_ours(text_of(look(list[i - 1], {"name"})))) found.push_back(i - 1);
  }
  return found;
}

std::vector<std::string> our_members(const Json& mapping, const Path& path, const Status& status) {
  std::vector<std::string> found;
  if (path.back() == "lifecycle") return mapping.contains("preStop") ? std::vector<std::string>{"preStop"} : found;
  if (path.back() == "metadata") return {"annotations"};
  if (mapping.contains(status_key)) found.emplace_back(status_key);
  const Json* named = look(mapping, {default_container});
  if (status.mode == "container" && text_of(named) == status.captured.container) found.emplace_back(default_container);
  return found;
}

// What was made for us may hold more than ours by now: then only ours goes.
void narrow(const Undo& undo, const Json& object, const Status& status, std::vector<Undo>& list) {
  const Json* there = find(object, undo.path);
  const bool empties = undo.kind == Undo::Kind::replace && (undo.value.is_null() || undo.value.is_structured());
  if (there == nullptr || (undo.kind != Undo::Kind::remove && !empties)) return list.push_back(undo);
  if (there->is_array()) {
    const std::vector<std::size_t> ours = our_items(*there);
    if (ours.size() == there->size()) return list.push_back(undo);
    for (const std::size_t i : ours) list.push_back({Undo::Kind::remove, undo.path / i, nullptr});
    return;
  }
  constexpr std::array<std::string_view, 3> shared{"annotations", "lifecycle", "metadata"};
  const bool may_be_shared = std::find(shared.begin(), shared.end(), undo.path.back()) != shared.end();
  if (!may_be_shared || !there->is_object()) {
    Path path = undo.path;
    path.pop_back();
    const Json* parent = find(object, path);
    const bool moved = parent != nullptr && parent->is_array() && !is_ours(text_of(look(*there, {"name"})));
    if (!moved) return list.push_back(undo);
    for (const std::size_t i : our_items(*parent)) list.push_back({Undo::Kind::remove, path / i, nullptr});
    return;
  }
  const std::vector<std::string> ours = our_members(*there, undo.path, status);
  if (ours.size() >= there->size()) return list.push_back(undo);
  for (const std::string& name : ours) list.push_back({Undo::Kind::remove, undo.path / name, nullptr});
}

Trouble unreadable(const Document& document, const Path& at) {
  return {place_of(document.tree, at), std::string(code::edited_since), "this status is not one that Holdfast wrote",
          "take the sidecar out by hand"};
}

}  // namespace

Result<Restored, Trouble> restore(const Document& document) {
  std::vector<Undo> list;
  Restored restored;
  for (const Object& object : document.objects) {
    const Path root = object.at / object.pod_path.value_or(Path{});
    const Path status_at = root / "metadata" / "annotations" / status_key;
    const Json* text = find(document.value, status_at);
    if (text == nullptr) continue;
    const auto status = parse_status(text_of(text));
    const auto undo = status ? parse_undo(status->undo) : std::nullopt;
    if (!status || !undo) return unreadable(document, status_at);
    for (Undo one : *undo) {
      one.path = root / one.path;
      narrow(one, document.value, *status, list);
    }
    ++restored.objects;
  }
  if (list.empty()) {
    restored.text = document.tree.text;
    return restored;
  }
  auto text = take_back(document.tree, document.value, std::move(list));
  if (!text) return text.error();
  restored.text = std::move(text).value();
  return restored;
}

Outcome uninject(std::vector<Source> sources) {
  Outcome outcome;
  for (Source& source : sources) {
    const Manifest manifest = read_manifest(std::move(source.name), std::move(source.text), outcome.faults);
    std::string text;
    std::size_t done = 0;
    for (const Document& document : manifest.documents) {
      const auto restored = restore(document);
      if (!restored) {
        outcome.faults.push_back(manifest.fault(document, restored.error()));
        continue;
      }
      text.append(manifest.text, done, document.start - done).append(restored.value().text);
      done = document.start + document.tree.text.size();
      outcome.injected += restored.value().objects;
    }
    text.append(manifest.text, done);
    outcome.texts.push_back(std::move(text));
  }
  if (outcome.has_errors()) outcome.texts.clear();
  return outcome;
}

}  // namespace holdfast::kubernetes
