// Amounts as Kubernetes writes them: `20m`, `0.5`, `16Mi`, `128M`.
#pragma once

#include <optional>
#include <string_view>

namespace holdfast::kubernetes {

// In thousandths; nullopt when it is none, or larger than 2^53 of them.
std::optional<double> quantity_of(std::string_view text);

}  // namespace holdfast::kubernetes
