#include "kubernetes/layout.h"

#include <algorithm>

namespace holdfast::kubernetes {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_break(char c) { return c == '\n' || c == '\r'; }
bool is_white(char c) { return is_blank(c) || is_break(c); }

// `#` opens a comment behind white space only.
bool opens_comment(std::string_view text, std::size_t at) {
  return text[at] == '#' && (at == 0 || is_white(text[at - 1]));
}

}  // namespace

std::size_t line_start(std::string_view text, std::size_t at) {
  const std::size_t feed = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return feed == std::string_view::npos ? 0 : feed + 1;
}

std::size_t line_end(std::string_view text, std::size_t at) {
  const std::size_t feed = text.find('\n', at);
  return feed == std::string_view::npos ? text.size() : feed + 1;
}

std::size_t column_of(std::string_view text, std::size_t at) { return at - line_start(text, at); }

std::string_view indentation_of(std::string_view text, std::size_t at) {
  const std::size_t start = line_start(text, at);
  std::size_t end = start;
  while (end < text.size() && is_blank(text[end])) ++end;
  return text.substr(start, end - start);
}

std::string_view line_ending(std::string_view text) {
  const std::size_t feed = text.find('\n');
  return feed != std::string_view::npos && feed > 0 && text[feed - 1] == '\r' ? "\r\n" : "\n";
}

bool starts_its_line(std::string_view text, std::size_t at) {
  return indentation_of(text, at).size() == column_of(text, at);
}

std::size_t quoted_end(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (++at; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      const bool doubled = quote == '\'' && at + 1 < text.size() && text[at + 1] == '\'';
      if (!doubled) return at + 1;
      ++at;
    }
  }
  return text.size();
}

std::size_t flow_end(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  bool opens_value = true;  // inside plain text a quote is a character like any other
  while (at < text.size()) {
    const char c = text[at];
    if ((c == '"' || c == '\'') && opens_value) {
      at = quoted_end(text, at);
      opens_value = false;
      continue;
    }
    if (opens_comment(text, at)) {
      at = line_end(text, at);
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at + 1;
    if (!is_white(c)) opens_value = c == '{' || c == '[' || c == ',' || c == ':';
    ++at;
  }
  return text.size();
}

std::size_t json_end(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  if (text[at] == '{' || text[at] == '[') return flow_end(text, at);
  if (text[at] == '"') return quoted_end(text, at);
  const std::size_t end = text.find_first_of(",]} \t\r\n", at);
  return end == std::string_view::npos ? text.size() : end;
}

std::size_t content_end(std::string_view text, const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
    case Node::Kind::alias: return node.start;
    case Node::Kind::scalar: {
      const char first = node.start < text.size() ? text[node.start] : '\0';
      if (first == '"' || first == '\'') return quoted_end(text, node.start);
      return node.start;
    }
    case Node::Kind::mapping:
    case Node::Kind::sequence: break;
  }
  if (node.flow && node.start < text.size() && (text[node.start] == '{' || text[node.start] == '[')) {
    return flow_end(text, node.start);
  }
  if (!node.members.empty()) return content_end(text, node.members.back());
  if (!node.items.empty()) return std::max(node.start, content_end(text, node.items.back()));
  return node.start;
}

std::size_t content_end(std::string_view text, const Member& member) {
  // Where a value is missing, the library gives the place of whatever comes next.
  const bool is_missing = member.value.kind == Node::Kind::null;
  return is_missing ? member.key.start : std::max(member.key.start, content_end(text, member.value));
}

const Node* last_block_scalar(std::string_view text, const Node& node) {
  if (!node.members.empty() && !node.flow) return last_block_scalar(text, node.members.back().value);
  if (!node.items.empty() && !node.flow) return last_block_scalar(text, node.items.back());
  const bool is_block = node.kind == Node::Kind::scalar && node.start < text.size() && node.quoted &&
                        (text[node.start] == '|' || text[node.start] == '>');
  return is_block ? &node : nullptr;
}

std::size_t block_end(std::string_view text, const Node& node, std::size_t column) {
  std::size_t end = line_end(text, content_end(text, node));
  const Node* last = last_block_scalar(text, node);
  // `|+` keeps the blank lines behind it as its own.
  const bool keeps = last != nullptr && text.substr(last->start, 3).find('+') != std::string_view::npos;
  for (std::size_t at = end; at < text.size(); at = line_end(text, at)) {
    const std::size_t indent = indentation_of(text, at).size();
    const std::size_t content = at + indent;
    const bool blank = content >= text.size() || is_break(text[content]);
    if (blank && keeps) end = line_end(text, at);
    if (blank) continue;  // counts when a deeper line follows
    if (indent <= column) break;
    end = line_end(text, at);
  }
  return end;
}

std::size_t added_end(std::string_view text, std::size_t from, std::size_t column) {
  std::size_t at = line_end(text, from);
  while (at < text.size()) {
    const std::size_t indent = indentation_of(text, at).size();
    const std::size_t content = at + indent;
    if (content >= text.size() || is_break(text[content]) || text[content] == '#' || indent <= column) break;
    at = line_end(text, at);
  }
  return at;
}

std::size_t colon_end(std::string_view text, const Node& key) {
  const char first = key.start < text.size() ? text[key.start] : '\0';
  std::size_t at = first == '"' || first == '\'' ? quoted_end(text, key.start) : key.start + key.text.size();
  while (at < text.size() && is_blank(text[at])) ++at;
  return at < text.size() && text[at] == ':' ? at + 1 : std::string_view::npos;
}

}  // namespace holdfast::kubernetes
