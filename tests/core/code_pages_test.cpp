// Pages of code leave and come back: the program runs on, and what it computes is the same.
#include "core/code_pages.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <fstream>
#include <sstream>
#include <string>

namespace holdfast {
namespace {

// KiB of this process's program and libraries that are resident and not written to.
std::size_t resident_code() {
  std::ifstream maps("/proc/self/smaps");
  std::size_t kib = 0;
  bool code = false;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (first == "Rss:") {
      std::size_t size = 0;
      words >> size;
      kib += code ? size : 0;
    } else if (first.find('-') != std::string::npos) {
      std::string rights;
      words >> rights;
      code = rights == "r-xp";
    }
  }
  return kib;
}

}  // namespace

TEST_CASE("code pages: what is given back is not resident any more, and runs again when it is called") {
  const std::size_t before = resident_code();
  give_back_code_pages();
  const std::size_t after = resident_code();
  REQUIRE(before > 0);
  CHECK(after < before);
  const std::string text = "a locale, a stream and a string " + std::to_string(before);
  std::ostringstream out;
  out << text;
  CHECK(out.str() == text);
}

}  // namespace holdfast
