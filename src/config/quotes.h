// Finds quotes that are not closed on their line; a YAML reader takes the rest of the file for their text.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace holdfast::config {

struct OpenQuote {
  std::size_t line;    // 0-based
  std::size_t column;  // 0-based, in bytes
  char quote;
  std::size_t close_at;  // where on the line the closing quote most likely belongs
};

// Looks only where a quote opens a value or key (YAML 1.2 7.3); comments, plain text and block text (`|`, `>`) are
// skipped.
std::vector<OpenQuote> find_open_quotes(const std::vector<std::string>& lines);

}  // namespace holdfast::config
