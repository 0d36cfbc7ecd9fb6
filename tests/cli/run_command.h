// Runs a command inside the test, with stdout and stderr caught in files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::cli::testing {

struct Outcome {
  int exit_code = 0;
  std::string out;
  std::string error;
};

Outcome run(std::vector<std::string_view> args);

// A directory that is removed with all of its files at the end of the test.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  // Writes a file there and returns its path.
  std::string file(std::string_view name, std::string_view text) const;

 private:
  std::string path_;
};

}  // namespace holdfast::cli::testing
