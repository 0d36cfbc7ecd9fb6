#include "cli/run_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/command.h"
#include "config/loader.h"
#include "core/fd.h"

namespace holdfast::cli::testing {
namespace {

// Sends one descriptor into a file for as long as it lives.
class Captured {
 public:
  Captured(int descriptor, std::string path)
      : descriptor_(descriptor), path_(std::move(path)), saved_(::dup(descriptor)) {
    const Fd file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    ::dup2(file.get(), descriptor_);
  }
  ~Captured() { ::dup2(saved_.get(), descriptor_); }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  std::string text() const {
    const auto read = config::read_file(path_);
    return read ? read.value() : std::string();
  }

 private:
  int descriptor_;
  std::string path_;
  Fd saved_;
};

}  // namespace

ScratchDirectory::ScratchDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "holdfast-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) std::abort();
  path_ = pattern;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ScratchDirectory::file(std::string_view name, std::string_view text) const {
  const auto path = std::filesystem::path(path_) / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
  return path.string();
}

Outcome run(std::vector<std::string_view> args) {
  const ScratchDirectory scratch;
  const Captured out(STDOUT_FILENO, scratch.file("out", ""));
  const Captured error(STDERR_FILENO, scratch.file("error", ""));
  const int exit_code = dispatch(commands(), args);
  return {exit_code, out.text(), error.text()};
}

}  // namespace holdfast::cli::testing
