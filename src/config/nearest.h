// did-you-mean: the known word a person most likely meant.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

// The nearest of `known`: the same word in another case or with `_` and `-`, else one at most two edits away (a swap of
// neighbours is one edit; short words allow fewer). "" when none is near.
std::string nearest(std::string_view word, std::span<const std::string> known);

}  // namespace holdfast::config
