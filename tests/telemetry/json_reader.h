// json_reader: a strict check that a text is one JSON object on one line (RFC 8259), so that tests do not trust the
// writer.
#pragma once

#include <string_view>

namespace holdfast::telemetry {

class JsonReader {
 public:
  // `{…}\n`, nothing before or behind it, no raw control anywhere.
  static bool is_line(std::string_view text) {
    if (text.empty() || text.back() != '\n') return false;
    JsonReader reader(text.substr(0, text.size() - 1));
    return reader.object() && reader.text_.empty();
  }

 private:
  explicit JsonReader(std::string_view text) : text_(text) {}

  bool eat(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool object() {
    if (!eat('{')) return false;
    if (eat('}')) return true;
    do {
      if (!string() || !eat(':') || !value()) return false;
    } while (eat(','));
    return eat('}');
  }
  bool array() {
    if (!eat('[')) return false;
    if (eat(']')) return true;
    do {
      if (!value()) return false;
    } while (eat(','));
    return eat(']');
  }
  bool value() {
    if (text_.empty()) return false;
    if (text_[0] == '[') return array();
    if (text_[0] == '{') return object();
    if (text_[0] == '"') return string();
    const std::size_t end = text_.find_first_of(",}]");
    const std::string_view word = text_.substr(0, end);
    text_.remove_prefix(word.size());
    return word == "true" || word == "false" || word == "null" ||
           (!word.empty() && word.find_first_not_of("0123456789.") == word.npos);
  }
  bool string() {
    if (!eat('"')) return false;
    while (!text_.empty() && text_[0] != '"') {
      if (static_cast<unsigned char>(text_[0]) < 0x20) return false;
      if (eat('\\')) {
        if (text_.empty() || std::string_view("\"\\/bfnrtu").find(text_[0]) == std::string_view::npos) return false;
      }
      text_.remove_prefix(1);
    }
    return eat('"');
  }

  std::string_view text_;
};

}  // namespace holdfast::telemetry
