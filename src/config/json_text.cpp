#include "config/json_text.h"

#include "core/bytes.h"

namespace holdfast::config {

std::string JsonText::quoted(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (byte < 0x20U) {
      text += "\\u00";
      text += hex_digits[byte >> 4U];
      text += hex_digits[byte & 15U];
    } else {
      text += c;
    }
  }
  return text + '"';
}

void JsonText::raw(std::string_view key, std::string_view value) {
  line(key);
  out_ += value;
}

void JsonText::begin(std::string_view key, char bracket) {
  line(key);
  out_ += bracket;
  ++depth_;
  empty_ = true;
}

void JsonText::end(char bracket) {
  --depth_;
  if (!empty_) out_.append("\n").append(depth_ * 2, ' ');
  out_ += bracket;
  empty_ = false;
}

void JsonText::line(std::string_view key) {
  if (depth_ > 0) {
    if (!empty_) out_ += ',';
    out_.append("\n").append(depth_ * 2, ' ');
  }
  empty_ = false;
  if (!key.empty()) out_ += quoted(key) + ": ";
}

}  // namespace holdfast::config
