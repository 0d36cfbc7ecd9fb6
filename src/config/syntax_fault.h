// What the YAML library's complaints mean to the person who edits the file.
#pragma once

#include <string>

#include "config/fault.h"

namespace holdfast::config {

// `message` is the library's, `place` where it stopped; `innermost` is the place of the list or mapping that is still
// open, if there is one.
Fault syntax_fault(const std::string& message, const Place& place, const Place* innermost);

}  // namespace holdfast::config
