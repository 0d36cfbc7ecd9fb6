// Edits inside flow collections: {…}, […] and JSON, on one line or with a member per line.
#pragma once

#include "kubernetes/located.h"
#include "kubernetes/splice.h"

namespace holdfast::kubernetes {

// `key` is null for an item of a list.
Result<Change, Trouble> append_to_flow(std::string_view text, const Node& node, const std::string* key,
                                       const Json& value);
Result<Change, Trouble> prepend_to_flow(std::string_view text, const Node& list, const Json& value);
Result<Change, Trouble> remove_from_flow(std::string_view text, const Located& at);

std::string quoted(const std::string& text, char quote);

}  // namespace holdfast::kubernetes
