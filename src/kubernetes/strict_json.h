// strict_json: JSON from somebody else, within bounds: depth, number of values, no name twice, UTF-8 alone.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "kubernetes/json.h"

namespace holdfast::kubernetes {

inline constexpr std::size_t deepest_json = 100;
inline constexpr std::size_t most_json_values = 200'000;  // a pod of a megabyte has a tenth of it

// Never throws for what the text holds. The error is a sentence without its subject: "is no JSON (at byte 17)".
Result<Json, std::string> read_json(std::string_view text);

}  // namespace holdfast::kubernetes
