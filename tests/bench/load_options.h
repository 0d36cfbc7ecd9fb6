// What bench_load is told on its command line; load.cpp says what each word means.
#pragma once

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sockets.h"

namespace holdfast::bench {

struct Options {
  std::uint64_t port = 0;
  std::size_t connections = 64;
  bool close = false;
  bool cut = false;
  std::vector<std::string> requests;
};

inline std::string contents(std::string_view path) {
  std::ifstream file{std::string(path), std::ios::binary};
  return {std::istreambuf_iterator<char>(file), {}};
}

inline Options options_of(int count, char** values) {
  Options options;
  options.port = number(text_argument(count, values, "port", "0"));
  options.connections = number(text_argument(count, values, "connections", "64"));
  options.close = text_argument(count, values, "close", "0") == "1";
  options.cut = text_argument(count, values, "cut", "0") == "1";
  std::string_view files = text_argument(count, values, "request", "");
  while (!files.empty()) {
    const std::size_t end = std::min(files.find(','), files.size());
    options.requests.push_back(contents(files.substr(0, end)));
    files.remove_prefix(std::min(end + 1, files.size()));
    require(!options.requests.back().empty(), "request file");
  }
  require(!options.requests.empty(), "request=FILE");
  return options;
}

}  // namespace holdfast::bench
