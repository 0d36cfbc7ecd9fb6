#include "cli/webhook.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "cli/terminal.h"

namespace holdfast::cli {
namespace {

constexpr std::string_view program = "holdfast-webhook";

// Beside this program, wherever it was started from.
std::string program_path() {
  std::array<char, 4096> self{};
  const ssize_t size = ::readlink("/proc/self/exe", self.data(), self.size());
  const std::string path(self.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return path.substr(0, path.rfind('/') + 1).append(program);
}

int become(std::string_view command, std::span<const std::string_view> args) {
  const std::string path = program_path();
  std::vector<std::string> words{std::string(program), std::string(command)};
  words.insert(words.end(), args.begin(), args.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execv(path.c_str(), pointers.data());
  const std::string why = std::generic_category().message(errno);
  print(Stream::error, "holdfast: cannot run " + path + ": " + why + "; fix: install it beside holdfast\n");
  return to_int(ExitCode::internal);
}

}  // namespace

int run_webhook_program(std::span<const std::string_view> args) { return become("webhook", args); }
int run_certs_program(std::span<const std::string_view> args) { return become("certs", args); }

}  // namespace holdfast::cli
