// Document: one strictly read YAML file as a tree that knows the place of every key and value.
//
// Refuses what YAML readers disagree on or hide: doubled keys, anchors, aliases, tags, merge keys, a second document,
// quotes that run on, deep nesting, NUL, bad UTF-8, tabs, directives. Meaning is not its business: every scalar stays
// text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/fault.h"

namespace holdfast::config {

struct Entry;

struct Node {
  enum class Shape : std::uint8_t { null, scalar, mapping, list };
  Shape shape = Shape::null;
  Place place;
  std::string text;            // of a scalar
  bool quoted = false;         // of a scalar: '…', "…" or block text
  bool refused = false;        // a fault is already reported for it: do not read it
  std::vector<Entry> entries;  // of a mapping, in file order; doubled keys are all there
  std::vector<Node> items;     // of a list

  const Entry* find(std::string_view key) const noexcept;  // the first of that name
};

struct Entry {
  std::string key;
  Place place;  // of the key
  Node value;
};

struct Document {
  Node root;
  bool complete = true;  // false: a fault ended the reading; keys may be missing that the file has
};

// Never throws. Faults are appended; the tree holds what could be read in spite of them.
Document read_document(std::string_view file, std::string_view bytes, std::vector<Fault>& faults);

}  // namespace holdfast::config
