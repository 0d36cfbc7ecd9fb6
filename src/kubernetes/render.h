// Renders what an injection adds, and nothing else: the text of the author is never written anew.
#pragma once

#include "kubernetes/json.h"

namespace holdfast::kubernetes {

// Lines in block style, each ended by `eol`, `indent` columns to the right.
std::string block_member(std::string_view key, const Json& value, std::size_t indent, std::string_view eol);
std::string block_item(const Json& value, std::size_t indent, std::string_view eol);

// A scalar for block style: plain where YAML 1.1 and 1.2 both read it as this text, else quoted.
std::string block_scalar(const Json& value);

// How a flow collection ({…}, […]) is laid out: on one line, or a member per line.
struct FlowLayout {
  bool lines = false;
  std::string indent;  // of its members; `lines` only
  std::string step;    // one level: spaces or tabs
  std::string eol;
};
std::string flow_value(const Json& value, const FlowLayout& layout);

}  // namespace holdfast::kubernetes
