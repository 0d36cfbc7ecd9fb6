#include "kubernetes/flow_text.h"

#include "kubernetes/layout.h"
#include "kubernetes/remark.h"
#include "kubernetes/render.h"

namespace holdfast::kubernetes {
namespace {

constexpr std::string_view white = " \t\r\n";

Trouble not_editable(std::size_t at) {
  return {at, std::string(code::not_editable),
          "an entry has to be added to these brackets and they are written unusually",
          "write them in block style, without brackets"};
}

std::size_t first_child(const Node& node) {
  return node.members.empty() ? node.items.front().start : node.members.front().key.start;
}

// The layout of the collection as its first child shows it.
FlowLayout layout_of(std::string_view text, const Node& node) {
  const std::size_t child = first_child(node);
  FlowLayout layout;
  layout.lines = starts_its_line(text, child) && line_start(text, child) > node.start;
  if (!layout.lines) return layout;
  layout.eol = line_ending(text);
  layout.indent = indentation_of(text, child);
  const std::string outer(indentation_of(text, node.start));
  layout.step = layout.indent.starts_with(outer) ? layout.indent.substr(outer.size()) : "";
  const bool uniform = !layout.step.empty() && layout.step.find_first_not_of(layout.step.front()) == std::string::npos;
  if (!uniform) layout.step = "  ";
  return layout;
}

bool has_brackets(std::string_view text, const Node& node) {
  return node.start < text.size() && (text[node.start] == '{' || text[node.start] == '[') &&
         !(node.members.empty() && node.items.empty());
}

}  // namespace

std::string quoted(const std::string& text, char quote) {
  if (quote == '"') return dump(text);
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

Result<Change, Trouble> append_to_flow(std::string_view text, const Node& node, const std::string* key,
                                       const Json& value) {
  if (!has_brackets(text, node)) return not_editable(node.start);
  const std::size_t close = flow_end(text, node.start) - 1;
  const std::size_t last = text.find_last_not_of(white, close - 1);
  if (last == std::string_view::npos || last <= node.start || text[last] == ',') return not_editable(node.start);
  const FlowLayout layout = layout_of(text, node);
  std::string added = layout.lines ? "," + layout.eol + layout.indent : ", ";
  if (key != nullptr) added += dump(*key) + ": ";
  return Change{last + 1, 0, added + flow_value(value, layout), 0};
}

Result<Change, Trouble> prepend_to_flow(std::string_view text, const Node& list, const Json& value) {
  if (!has_brackets(text, list)) return not_editable(list.start);
  const FlowLayout layout = layout_of(text, list);
  const std::string added = flow_value(value, layout);
  const std::string whole = layout.lines ? layout.eol + layout.indent + added + "," : added + ", ";
  return Change{list.start + 1, 0, whole, 0};
}

Result<Change, Trouble> remove_from_flow(std::string_view text, const Located& at) {
  const std::size_t start = at.key != nullptr ? at.key->start : at.node->start;
  const std::size_t end = json_end(text, at.node->start);
  const std::size_t size = at.parent->members.size() + at.parent->items.size();
  if (at.index + 1 == size || at.index > 0) {  // what was appended follows a comma
    const std::size_t comma = start == 0 ? std::string_view::npos : text.find_last_not_of(white, start - 1);
    if (comma == std::string_view::npos || text[comma] != ',') return not_editable(start);
    return Change{comma, end - comma, {}, 0};
  }
  if (end >= text.size() || text[end] != ',') return not_editable(start);
  const std::size_t from = at.parent->start + 1;
  const bool on_its_own_line = start > from;
  const bool space = !on_its_own_line && end + 1 < text.size() && text[end + 1] == ' ';
  return Change{from, end + 1 - from + (space ? 1 : 0), {}, 0};
}

}  // namespace holdfast::kubernetes
