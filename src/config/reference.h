// The reference page of the documentation, as Markdown, from the same declarations as the reader.
#pragma once

#include <span>
#include <string>

#include "config/section.h"

namespace holdfast::config {

// Both files setting by setting, then the codes of faults.
std::string reference_page(std::span<const AnySection* const> sections);

}  // namespace holdfast::config
