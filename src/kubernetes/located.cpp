#include "kubernetes/located.h"

#include "kubernetes/remark.h"
#include "kubernetes/splice.h"

namespace holdfast::kubernetes {
namespace {

Trouble not_editable(std::size_t at, std::string sentence) {
  return {at, std::string(code::not_editable), std::move(sentence), "write the value out where it is used"};
}

// The member or item that `step` names; leaves `found` alone when there is none.
bool step_into(const Node& parent, const std::string& step, Located& found) {
  for (std::size_t i = 0; i < parent.members.size(); ++i) {
    const Member& one = parent.members[i];
    if (one.key.kind != Node::Kind::scalar || one.key.text != step) continue;
    found = {&one.value, &one.key, &parent, i};
    return true;
  }
  const auto index = index_of(step);
  if (parent.kind != Node::Kind::sequence || !index || *index >= parent.items.size()) return false;
  found = {&parent.items[*index], nullptr, &parent, *index};
  return true;
}

}  // namespace

Result<Located, Trouble> locate(const Tree& tree, const Path& path) {
  Located at{&tree.root, nullptr, nullptr, 0};
  for (std::size_t i = 0;; ++i) {
    if (at.node->kind == Node::Kind::alias)
      return not_editable(at.node->start, "an alias stands where an edit is needed");
    if (at.node->anchor != 0 && tree.aliased.contains(at.node->anchor)) {
      return not_editable(at.node->start, "an edit is needed inside an anchor that is used elsewhere too");
    }
    if (i == path.size()) return at;
    const Node* parent = at.node;
    if (!step_into(*parent, path[i], at)) {
      return not_editable(parent->start, "'" + path[i] + "' comes from a merge key, and an edit of it is needed");
    }
  }
}

std::size_t place_of(const Tree& tree, const Path& path) {
  Located at{&tree.root, nullptr, nullptr, 0};
  for (const std::string& step : path) {
    if (at.node->kind != Node::Kind::mapping && at.node->kind != Node::Kind::sequence) break;
    if (!step_into(*at.node, step, at)) break;
  }
  if (at.key != nullptr) return at.key->start;
  const bool block_map = at.node->kind == Node::Kind::mapping && !at.node->members.empty() && !at.node->flow;
  return block_map ? at.node->members.front().key.start : at.node->start;
}

}  // namespace holdfast::kubernetes
