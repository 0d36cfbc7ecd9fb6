// Output of commands: plain text, with colours on a terminal only and never under NO_COLOR (no-color.org).
#pragma once

#include <span>
#include <string_view>

#include "config/fault.h"

namespace holdfast::cli {

enum class Stream { out, error };

// Writes all of `text`; what a closed pipe does not take is dropped.
void print(Stream stream, std::string_view text);

// One line per fault, as config::to_text writes it.
void print_faults(Stream stream, std::span<const config::Fault> faults);

}  // namespace holdfast::cli
