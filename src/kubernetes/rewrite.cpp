#include "kubernetes/rewrite.h"

#include <algorithm>

#include "kubernetes/layout.h"
#include "kubernetes/remark.h"

namespace holdfast::kubernetes {
namespace {

Trouble not_editable(std::string sentence) {
  return {0, std::string(code::not_editable), std::move(sentence), "write it in plain block style"};
}

// Order of members does not matter to Kubernetes.
bool same(const Json& a, const Json& b) { return nlohmann::json(a) == nlohmann::json(b); }

bool reads_as(const std::string& text, const Json& expected) {
  const auto tree = read_tree(text);
  if (!tree || doubled_key(tree.value().root) != nullptr) return false;
  const auto value = to_json(tree.value());
  return value && same(value.value(), expected);
}

bool starts_with(const Path& path, const Path& start) {
  return path.size() >= start.size() && std::equal(start.begin(), start.end(), path.begin());
}

Path sibling(Path path, const std::string& name) {
  path.back() = name;
  return path;
}

// In the text every step sees the members under the names they have now; in the list, those behind a rename see the
// name it gives back.
std::vector<Undo> as_named_now(std::vector<Undo> list) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].kind != Undo::Kind::rename) continue;
    const Path old_path = sibling(list[i].path, std::string(text_of(&list[i].value)));
    for (std::size_t j = i + 1; j < list.size(); ++j) {
      if (starts_with(list[j].path, old_path)) list[j].path[old_path.size() - 1] = list[i].path.back();
    }
  }
  return list;
}

}  // namespace

Result<std::string, Trouble> rewrite(const Tree& tree, const Json& value, const std::vector<Edit>& edits) {
  std::vector<Change> changes;
  Json expected = value;
  for (const Edit& edit : edits) {
    auto change = splice(tree, edit);
    if (!change) return change.error();
    changes.push_back(std::move(change).value());
    if (!apply(edit, expected)) return not_editable("the object is not as the injection expects it");
  }
  const Node* last = last_block_scalar(tree.text, tree.root);
  if (!tree.text.ends_with('\n') && last != nullptr) {
    return Trouble{last->start, std::string(code::not_editable), "the file ends inside this text, without a line feed",
                   "end it with one"};
  }
  std::string text = with_changes(tree.text, std::move(changes));
  if (!reads_as(text, expected)) return not_editable("this document is written in a way that cannot be edited safely");
  return text;
}

Result<std::string, Trouble> take_back(const Tree& tree, const Json& value, std::vector<Undo> list) {
  Json expected = value;
  for (const Undo& undo : list) {
    if (!apply(undo, expected)) return not_editable("the object is not as the injection left it");
  }
  std::vector<Change> changes;
  for (const Undo& undo : as_named_now(std::move(list))) {
    auto change = unsplice(tree, undo);
    if (!change) return change.error();
    changes.push_back(std::move(change).value());
  }
  std::string text = with_changes(tree.text, std::move(changes));
  if (!reads_as(text, expected)) return not_editable("this document was edited since in a way that cannot be undone");
  return text;
}

}  // namespace holdfast::kubernetes
