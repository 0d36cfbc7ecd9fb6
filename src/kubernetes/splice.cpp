#include "kubernetes/splice.h"

#include <algorithm>
#include <tuple>

#include "kubernetes/flow_text.h"
#include "kubernetes/layout.h"
#include "kubernetes/located.h"
#include "kubernetes/remark.h"
#include "kubernetes/render.h"

namespace holdfast::kubernetes {
namespace {

using Outcome = Result<Change, Trouble>;

Trouble not_editable(std::size_t at, std::string sentence, std::string fix) {
  return {at, std::string(code::not_editable), std::move(sentence), std::move(fix)};
}

Path parent_of(Path path) {
  path.pop_back();
  return path;
}

// Whole lines at `at`, which is the start of a line or the end of a text without a last line feed.
Change lines_at(std::string_view text, std::size_t at, std::string lines, std::size_t rank) {
  const bool unended = at == text.size() && at > 0 && text[at - 1] != '\n';
  if (unended) {
    const std::string_view eol = line_ending(text);
    lines.resize(lines.size() - eol.size());
    lines.insert(0, eol);
  }
  return {at, 0, std::move(lines), rank};
}

// Of lines that meet at one place, those of an item of a list come before those of a member in the same column.
std::size_t rank_of(std::size_t column, bool is_item) { return 2 * column + (is_item ? 1 : 0); }

Outcome add_member(const Tree& tree, const Edit& edit) {
  const auto parent = locate(tree, parent_of(edit.path));
  if (!parent) return parent.error();
  const Node& mapping = *parent.value().node;
  if (mapping.members.empty()) {
    return not_editable(mapping.start, "'" + edit.path.back() + "' has to be added to what is no mapping",
                        "correct it");
  }
  if (mapping.flow) return append_to_flow(tree.text, mapping, &edit.path.back(), edit.value);
  const std::size_t column = column_of(tree.text, mapping.members.front().key.start);
  const std::size_t end = block_end(tree.text, mapping, column);
  return lines_at(tree.text, end, block_member(edit.path.back(), edit.value, column, line_ending(tree.text)),
                  rank_of(column, false));
}

Outcome add_item(const Tree& tree, const Edit& edit) {
  const auto list = locate(tree, edit.path);
  if (!list) return list.error();
  const Node& node = *list.value().node;
  const bool first = edit.kind == Edit::Kind::prepend;
  if (node.flow) {
    return first ? prepend_to_flow(tree.text, node, edit.value) : append_to_flow(tree.text, node, nullptr, edit.value);
  }
  if (node.items.empty() || tree.text[node.start] != '-') {
    return not_editable(node.start, "an entry has to be added to this list", "write it as a plain list, without a tag");
  }
  const std::size_t column = column_of(tree.text, node.start);
  const std::string lines = block_item(edit.value, column, line_ending(tree.text));
  if (!first) {
    const std::size_t end = block_end(tree.text, node, column);
    return lines_at(tree.text, end, lines, rank_of(column, true));
  }
  const Node* key = list.value().key;
  const std::size_t behind_key = key == nullptr ? 0 : line_end(tree.text, key->start);
  if (key == nullptr || behind_key > line_start(tree.text, node.start)) {
    return not_editable(node.start, "an entry has to be put in front of this list", "start the list on its own line");
  }
  return Change{behind_key, 0, lines, rank_of(column, true)};
}

// ` {…}` behind `key:`, or the content of the empty brackets there.
Outcome fill(const Tree& tree, const Edit& edit) {
  const auto found = locate(tree, edit.path);
  if (!found) return found.error();
  const Node& node = *found.value().node;
  const std::string value = dump(edit.value);
  if (node.flow) {
    const bool same_kind = node.start < tree.text.size() && tree.text[node.start] == value.front();
    if (same_kind) return Change{node.start + 1, 0, value.substr(1, value.size() - 2), 0};
  }
  const Node* key = found.value().key;
  const std::size_t colon = key == nullptr ? std::string::npos : colon_end(tree.text, *key);
  const bool in_block = found.value().parent != nullptr && !found.value().parent->flow;
  if (node.kind == Node::Kind::null && in_block && colon != std::string::npos) {
    const std::size_t next = tree.text.find_first_not_of(" \t", colon);
    const bool nothing = next == std::string::npos || tree.text[next] == '\n' || tree.text[next] == '\r' ||
                         (tree.text[next] == '#' && next > colon);
    if (nothing) return Change{colon, 0, " " + value, 0};
  }
  const std::string empty = edit.value.is_array() ? "[]" : "{}";
  return not_editable(place_of(tree, edit.path), "an entry has to be added to '" + edit.path.back() + "'",
                      "write " + empty + " or nothing for its value");
}

Outcome change_scalar(const Tree& tree, const Node& node, const Json& old_value, const Json& new_value, char quote) {
  const std::string old_text = old_value.is_string() ? std::string(text_of(&old_value)) : dump(old_value);
  const std::string new_text = new_value.is_string() ? std::string(text_of(&new_value)) : dump(new_value);
  const std::string_view text = tree.text;
  const char first = node.start < text.size() ? text[node.start] : '\0';
  const bool is_quoted = first == '"' || first == '\'';
  const std::string raw = is_quoted ? quoted(old_text, first) : old_text;
  if (node.kind != Node::Kind::scalar || text.substr(node.start, raw.size()) != raw || node.text != old_text) {
    return not_editable(node.start, "this value has to be replaced", "write it plainly on one line");
  }
  const char with = is_quoted && new_value.is_string() ? first : quote;
  return Change{node.start, raw.size(), with == '\0' ? new_text : quoted(new_text, with), 0};
}

Outcome remove_lines(const Tree& tree, const Located& at, std::size_t start, std::size_t column) {
  const std::string_view text = tree.text;
  const std::size_t known = at.key != nullptr ? std::max(at.key->start, content_end(text, *at.node))
                                              : std::max(start, content_end(text, *at.node));
  const std::size_t from = line_start(text, start);
  const std::size_t end = added_end(text, known, column);
  return Change{from, end - from, {}, 0};
}

Outcome remove(const Tree& tree, const Undo& undo) {
  const auto found = locate(tree, undo.path);
  if (!found) return found.error();
  const Located& at = found.value();
  if (at.parent == nullptr) return not_editable(0, "nothing can be removed here", "");
  const std::size_t siblings = at.parent->members.size() + at.parent->items.size();
  if (siblings < 2) {
    return not_editable(at.node->start, "nothing would be left around what was injected", "remove it by hand");
  }
  if (at.parent->flow) return remove_from_flow(tree.text, at);
  const std::size_t start = at.key != nullptr ? at.key->start : at.node->start;
  const std::string_view before =
      std::string_view(tree.text).substr(line_start(tree.text, start), column_of(tree.text, start));
  const std::size_t dash = before.find('-');
  const bool whole_lines =
      at.key != nullptr ? starts_its_line(tree.text, start)
                        : dash != std::string_view::npos && before.find_first_not_of(" -") == std::string_view::npos;
  if (!whole_lines) return not_editable(start, "what was injected shares its line with something else", "");
  return remove_lines(tree, at, start, at.key != nullptr ? before.size() : dash);
}

Outcome empty_again(const Tree& tree, const Located& at, const Json& was) {
  const Node& node = *at.node;
  const bool filled = node.flow && (!node.members.empty() || !node.items.empty());
  if (!filled) return not_editable(node.start, "this is no longer what was injected", "");
  if (was.is_null()) {
    const std::size_t colon = at.key == nullptr ? std::string::npos : colon_end(tree.text, *at.key);
    if (colon == std::string::npos) return not_editable(node.start, "this is no longer what was injected", "");
    return Change{colon, flow_end(tree.text, node.start) - colon, {}, 0};
  }
  const Node& last = node.members.empty() ? node.items.back() : node.members.back().value;
  return Change{node.start + 1, json_end(tree.text, last.start) - node.start - 1, {}, 0};
}

Outcome put_back(const Tree& tree, const Undo& undo) {
  const auto found = locate(tree, undo.path);
  if (!found) return found.error();
  if (undo.value.is_null() || undo.value.is_structured()) return empty_again(tree, found.value(), undo.value);
  const Node& node = *found.value().node;
  const Json now = node.quoted ? Json(node.text) : plain_value(node.text);
  return change_scalar(tree, node, now, undo.value, undo.quote);
}

Outcome rename(const Tree& tree, const Path& path, const Json& name) {
  const auto found = locate(tree, path);
  if (!found) return found.error();
  const Node* key = found.value().key;
  if (key == nullptr) return not_editable(found.value().node->start, "this has no name that could change", "");
  return change_scalar(tree, *key, key->text, name, '\0');
}

}  // namespace

Outcome splice(const Tree& tree, const Edit& edit) {
  switch (edit.kind) {
    case Edit::Kind::add_member: return add_member(tree, edit);
    case Edit::Kind::fill: return fill(tree, edit);
    case Edit::Kind::append:
    case Edit::Kind::prepend: return add_item(tree, edit);
    case Edit::Kind::replace: {
      const auto found = locate(tree, edit.path);
      if (!found) return found.error();
      return change_scalar(tree, *found.value().node, edit.was, edit.value, '\0');
    }
    case Edit::Kind::rename: return rename(tree, edit.path, edit.value);
  }
  return not_editable(0, "an unknown edit", "");
}

Outcome unsplice(const Tree& tree, const Undo& undo) {
  switch (undo.kind) {
    case Undo::Kind::remove: return remove(tree, undo);
    case Undo::Kind::replace: return put_back(tree, undo);
    case Undo::Kind::rename: return rename(tree, undo.path, undo.value);
  }
  return not_editable(0, "an unknown edit", "");
}

std::string with_changes(std::string_view text, std::vector<Change> changes) {
  std::stable_sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return std::tie(a.at, b.column) < std::tie(b.at, a.column);  // at one place the deeper lines first
  });
  std::string out;
  std::size_t done = 0;
  for (const Change& one : changes) {
    if (one.at < done) continue;  // overlapping: the caller's comparison fails
    out.append(text.substr(done, one.at - done)).append(one.inserted);
    done = std::min(one.at + one.erased, text.size());
  }
  // Lines added behind a last one without a line feed gave it one.
  const bool cut_at_end = done == text.size() && !changes.empty() && changes.back().erased > 0;
  if (cut_at_end && !text.ends_with('\n') && out.ends_with('\n')) out.resize(out.size() - line_ending(text).size());
  return out.append(text.substr(done));
}

}  // namespace holdfast::kubernetes
