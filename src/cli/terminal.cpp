#include "cli/terminal.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace holdfast::cli {
namespace {

constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view red = "\x1b[1;31m";
constexpr std::string_view yellow = "\x1b[1;33m";
constexpr std::string_view plain = "\x1b[0m";

int descriptor(Stream stream) noexcept { return stream == Stream::out ? STDOUT_FILENO : STDERR_FILENO; }

bool has_colours(Stream stream) {
  const char* no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): nobody changes the environment
  const char* term = std::getenv("TERM");          // NOLINT(concurrency-mt-unsafe): as above
  if (no_color != nullptr && *no_color != '\0') return false;
  if (term != nullptr && std::string_view(term) == "dumb") return false;
  return ::isatty(descriptor(stream)) == 1;
}

// Paints the place and the word in front of the code; the text itself is the same as without colours.
std::string painted(const config::Fault& fault) {
  std::string text = config::to_text(fault);
  const std::size_t place = config::to_text(fault.place).size() + 1;
  const std::size_t sentence = text.find("]: ", place);
  if (sentence == std::string::npos) return text;
  std::string out(bold);
  out.append(text, 0, place).append(plain).append(fault.warning ? yellow : red);
  return out.append(text, place, sentence + 2 - place).append(plain).append(text, sentence + 2);
}

}  // namespace

void print(Stream stream, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(descriptor(stream), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

void print_faults(Stream stream, std::span<const config::Fault> faults) {
  const bool colours = has_colours(stream);
  std::string text;
  for (const config::Fault& fault : faults) text += (colours ? painted(fault) : config::to_text(fault)) + "\n";
  print(stream, text);
}

}  // namespace holdfast::cli
