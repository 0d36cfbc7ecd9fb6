// Edits as changes of a text: everything that is not changed stays byte for byte.
//
// What is added are whole lines in block style, or members of one flow collection ({…}, […], JSON), so that an Undo
// finds exactly the bytes that were added. What cannot be edited so is refused with its place.
#pragma once

#include "kubernetes/edit.h"
#include "kubernetes/tree.h"

namespace holdfast::kubernetes {

struct Change {
  std::size_t at = 0;
  std::size_t erased = 0;
  std::string inserted;
  std::size_t column = 0;  // of lines added at one place, the deeper ones come first
};

Result<Change, Trouble> splice(const Tree& tree, const Edit& edit);
Result<Change, Trouble> unsplice(const Tree& tree, const Undo& undo);

// The text with all changes made. They must not overlap.
std::string with_changes(std::string_view text, std::vector<Change> changes);

// The byte offset of what `path` names, or of the nearest thing around it that is in the text.
std::size_t place_of(const Tree& tree, const Path& path);

}  // namespace holdfast::kubernetes
