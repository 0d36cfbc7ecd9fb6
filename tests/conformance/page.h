// page: docs/conformance.md, made of the rows.
#pragma once

#include <string>

#include "row.h"

namespace holdfast::conformance {

Rows all_rows();
std::string page_of(const Rows& rows);

}  // namespace holdfast::conformance
