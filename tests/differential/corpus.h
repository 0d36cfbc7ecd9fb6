// corpus: hand-written messages, each with what must come of its two readings. Mutations start from them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "differential/comparison.h"

namespace holdfast::differential {

struct Row {
  Verdict expected;
  std::string_view what;
  std::string bytes;
};

std::vector<Row> request_lines();
std::vector<Row> request_fields();
std::vector<Row> request_framing();
std::vector<Row> chunked_content();
std::vector<Row> responses();
std::vector<Row> responses_to_head();

inline std::string repeat(std::size_t times, std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace holdfast::differential
