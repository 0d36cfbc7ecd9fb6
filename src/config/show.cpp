// Values in the notation of the files, and the checks for texts.
#include <algorithm>

#include "config/values.h"
#include "core/bytes.h"

namespace holdfast::config {
namespace {

bool is_token_character(char c) noexcept {
  return is_alpha(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool is_visible(char c) noexcept { return c > ' ' && c < '\x7f'; }

}  // namespace

std::string show_value(Duration value) { return holdfast::to_text(value); }
std::string show_value(ByteCount value) { return to_text(value); }
std::string show_value(Share value) { return to_text(value); }
std::string show_value(Rate value) { return to_text(value); }
std::string show_value(CountRange value) { return std::to_string(value.min) + "-" + std::to_string(value.max); }
std::string show_value(bool value) { return value ? "true" : "false"; }
std::string show_value(const std::string& value) { return value; }
std::string show_value(const Address& value) { return to_text(value); }

std::string show_value(const std::vector<std::string>& value) {
  std::string text = "[";
  for (const std::string& word : value) text += (text.size() > 1 ? ", " : "") + word;
  return text + "]";
}

std::string check_header_name(std::string_view text) {
  constexpr std::size_t longest = 64;
  if (text.empty() || text.size() > longest) return "a header name has 1 to 64 characters";
  if (!std::all_of(text.begin(), text.end(), is_token_character))
    return "a header name has letters, digits and -, no spaces or colons";
  return {};
}

std::string check_word(std::string_view text) {
  constexpr std::size_t longest = 128;
  if (text.empty() || text.size() > longest) return "a word has 1 to 128 characters";
  if (!std::all_of(text.begin(), text.end(), is_visible)) return "a word has visible ASCII characters only";
  return {};
}

std::string check_message(std::string_view text) {
  constexpr std::size_t longest = 256;
  if (text.empty() || text.size() > longest) return "a text has 1 to 256 bytes";
  const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; };
  if (std::any_of(text.begin(), text.end(), is_control)) return "a text has no control characters and no line breaks";
  return {};
}

}  // namespace holdfast::config
