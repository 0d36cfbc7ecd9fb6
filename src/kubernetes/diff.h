// A unified diff, as `diff -u` and `patch` have it, by the greedy algorithm of Myers (1986).
#pragma once

#include <string>
#include <string_view>

namespace holdfast::kubernetes {

// Empty when the texts are the same. Three lines of context.
std::string unified_diff(std::string_view name, std::string_view before, std::string_view after);

}  // namespace holdfast::kubernetes
