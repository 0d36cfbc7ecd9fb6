// Tree: one YAML (or JSON) document as its nodes with the place of each, as an edit of the text needs them.
//
// Unlike a configuration file, a manifest may use all of YAML: anchors, aliases, tags and merge keys are read, so that
// documents that are not edited pass. What cannot be edited safely is refused where it is edited.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "kubernetes/json.h"

namespace holdfast::kubernetes {

inline constexpr std::size_t deepest_nesting = 256;  // schemas of custom resources are deep
inline constexpr std::size_t most_nodes = 500'000;

struct Member;

struct Node {
  enum class Kind : std::uint8_t { null, scalar, mapping, sequence, alias };
  Kind kind = Kind::null;
  bool flow = false;         // of a mapping or sequence: {…}, […]
  bool quoted = false;       // of a scalar: '…', "…", | or >
  std::string tag;           // as written by the library: "?" plain, "!" quoted, else a tag of the author
  std::size_t start = 0;     // byte offset in the document; of a tagged or anchored node: of its tag or anchor
  std::size_t anchor = 0;    // 0: none
  std::size_t alias_of = 0;  // of an alias: the anchor
  std::string text;          // of a scalar
  std::vector<Member> members;
  std::vector<Node> items;

  const Member* member(std::string_view key) const noexcept;
};

struct Member {
  Node key;
  Node value;
};

struct Tree {
  std::string text;  // what was read
  Node root;
  bool empty = true;              // comments and blank lines only
  std::set<std::size_t> aliased;  // anchors that an alias refers to
};

// Where and why a text is not accepted.
struct Trouble {
  std::size_t at = 0;  // byte offset in the document
  std::string code;
  std::string sentence;
  std::string fix;
};

// Never throws. The text is UTF-8 without control characters (manifest_text.h sees to that) and one document.
Result<Tree, Trouble> read_tree(std::string_view document);

// The second of two members with one name, the first such in the document; null when there is none.
const Member* doubled_key(const Node& node);

// What Kubernetes reads: aliases and merge keys resolved, plain scalars with their type. Fails where aliases expand to
// more than a bound or to themselves.
Result<Json, Trouble> to_json(const Tree& tree);

// The value of a plain scalar as YAML 1.1 has it, which kubectl reads: `yes` is true, 0644 is 420.
Json plain_value(const std::string& text);

}  // namespace holdfast::kubernetes
