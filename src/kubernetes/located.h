// Finding the node that a path names, for an edit: nothing on the way may be shared with another place of the document.
#pragma once

#include "kubernetes/json.h"
#include "kubernetes/tree.h"

namespace holdfast::kubernetes {

struct Located {
  const Node* node = nullptr;    // the root, the value of a member or an item
  const Node* key = nullptr;     // of a member
  const Node* parent = nullptr;  // of a member or an item
  std::size_t index = 0;         // in the parent
};

Result<Located, Trouble> locate(const Tree& tree, const Path& path);

}  // namespace holdfast::kubernetes
