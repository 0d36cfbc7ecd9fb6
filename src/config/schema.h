// JSON Schema (draft 2020-12) of both files, for editors; from the same declarations as the reader.
//
// A schema says less than `holdfast check`: ranges with units and rules across fields are only in its descriptions.
#pragma once

#include <span>
#include <string>

#include "config/section.h"

namespace holdfast::config {

std::string platform_schema();
std::string policy_schema(std::span<const AnySection* const> sections);
// Either file.
std::string schema(std::span<const AnySection* const> sections);

}  // namespace holdfast::config
