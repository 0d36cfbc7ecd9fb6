// Edits and undo lists applied to the text of a document, and proven on the spot.
//
// The new text is read again: it must be the object that the edits make, else the document is refused. A YAML feature
// that the placing of edits does not understand therefore costs an error, never a wrong manifest.
#pragma once

#include "kubernetes/splice.h"

namespace holdfast::kubernetes {

Result<std::string, Trouble> rewrite(const Tree& tree, const Json& value, const std::vector<Edit>& edits);
Result<std::string, Trouble> take_back(const Tree& tree, const Json& value, std::vector<Undo> list);

}  // namespace holdfast::kubernetes
