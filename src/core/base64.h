// base64: RFC 4648 4, with padding and without line ends.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holdfast {

std::string to_base64(std::string_view bytes);

// Nothing when the text is not exactly what to_base64() writes.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace holdfast
