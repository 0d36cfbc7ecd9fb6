// shown: what somebody else wrote, as a sentence shows it.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::kubernetes {

// At most 128 bytes of it, whole characters of UTF-8, with … for the rest.
std::string shown(std::string_view text);

}  // namespace holdfast::kubernetes
