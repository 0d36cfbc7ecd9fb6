// The checks on raw bytes: encoding, controls, tabs, directives.
#include "config/source_text.h"

#include <algorithm>

#include "config/codes.h"
#include "config/quotes.h"
#include "core/bytes.h"

namespace holdfast::config {
namespace {

// The length of the UTF-8 character that `text` starts with, 0 when it is none (RFC 3629 4: no overlong form, no
// surrogate).
std::size_t utf8_length(std::string_view text) noexcept {
  const auto byte = [&text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(0);
  };
  const auto continues = [&byte](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80U) return 1;
  if (first >= 0xC2U && first <= 0xDFU) return continues(1) ? 2 : 0;
  if (first >= 0xE0U && first <= 0xEFU) {
    if (!continues(1) || !continues(2)) return 0;
    if (first == 0xE0U && byte(1) < 0xA0U) return 0;
    if (first == 0xEDU && byte(1) > 0x9FU) return 0;
    return 3;
  }
  if (first < 0xF0U || first > 0xF4U) return 0;
  if (!continues(1) || !continues(2) || !continues(3)) return 0;
  if (first == 0xF0U && byte(1) < 0x90U) return 0;
  if (first == 0xF4U && byte(1) > 0x8FU) return 0;
  return 4;
}

std::string hex_byte(char c) {
  const auto value = static_cast<unsigned char>(c);
  return {'0', 'x', hex_digits[value >> 4U], hex_digits[value & 15U]};
}

std::size_t indentation(std::string_view line) noexcept {
  const std::size_t n = line.find_first_not_of(' ');
  return n == std::string_view::npos ? 0 : n;
}

}  // namespace

SourceText::SourceText(std::string_view file, std::string_view bytes, std::vector<Fault>& faults) : file_(file) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  split(bytes);
  check_bytes(faults);
  if (!usable_) return;
  replace_tabs(faults);
  check_directives(faults);
  close_quotes(faults);
  join();
}

Place SourceText::place(int line, int column) const {
  if (line < 0 || lines_.empty()) return {file_, 1, 1};
  if (static_cast<std::size_t>(line) >= lines_.size()) {  // yaml-cpp may point behind the file, at what is not there
    return place(static_cast<int>(lines_.size()) - 1, static_cast<int>(lines_.back().size()));
  }
  const auto index = static_cast<std::size_t>(line);
  const int bytes = std::max(0, column - shift_[index]);
  const std::string_view before =
      std::string_view(lines_[index]).substr(0, static_cast<std::size_t>(std::max(column, 0)));
  const auto continuation = std::count_if(before.begin(), before.end(),
                                          [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; });
  return {file_, line + 1, std::max(0, bytes - static_cast<int>(continuation)) + 1};
}

char SourceText::at(int line, int column) const {
  if (line < 0 || column < 0 || static_cast<std::size_t>(line) >= lines_.size()) return '\0';
  const std::string& text = lines_[static_cast<std::size_t>(line)];
  return static_cast<std::size_t>(column) < text.size() ? text[static_cast<std::size_t>(column)] : '\0';
}

bool SourceText::line_has_marker(int line) const {
  return line >= 0 && static_cast<std::size_t>(line) < lines_.size() &&
         (lines_[static_cast<std::size_t>(line)].starts_with("---") ||
          (line > 0 && lines_[static_cast<std::size_t>(line) - 1] == "..."));
}

bool SourceText::is_closed_by_repair(int line, int column) const {
  return std::find(closed_.begin(), closed_.end(), std::pair(line, column)) != closed_.end();
}

void SourceText::split(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines_.emplace_back(line);
  }
  shift_.assign(lines_.size(), 0);
}

// One fault per line is enough to find it. Such a file is no text; what YAML makes of it is not worth reading.
void SourceText::check_bytes(std::vector<Fault>& faults) {
  for (std::size_t n = 0; n < lines_.size(); ++n) {
    const std::string_view line = lines_[n];
    for (std::size_t i = 0; i < line.size();) {
      const std::size_t length = utf8_length(line.substr(i));
      const auto byte = static_cast<unsigned char>(line[i]);
      const bool control = (byte < 0x20U && line[i] != '\t') || byte == 0x7FU;
      if (length != 0 && !control) {
        i += length;
        continue;
      }
      usable_ = false;
      const Place where = place(static_cast<int>(n), static_cast<int>(i));
      if (control) {
        faults.push_back({where,
                          std::string(code::bad_character),
                          "control character " + hex_byte(line[i]),
                          {},
                          "remove it",
                          false});
      } else {
        faults.push_back({where,
                          std::string(code::bad_utf8),
                          "byte " + hex_byte(line[i]) + " is not UTF-8",
                          {},
                          "save the file as UTF-8",
                          false});
      }
      break;
    }
  }
}

// A tab in the indentation becomes the indentation the line most likely has; any other tab becomes a space.
void SourceText::replace_tabs(std::vector<Fault>& faults) {
  std::size_t previous = 0;  // the last line that is neither empty nor a comment
  for (std::size_t n = 0; n < lines_.size(); ++n) {
    std::string& line = lines_[n];
    const std::size_t first = line.find('\t');
    if (first != std::string::npos) {
      const bool indents = line.find_first_not_of(" \t") != std::string::npos && first < line.find_first_not_of(" \t");
      faults.push_back({place(static_cast<int>(n), static_cast<int>(first)),
                        std::string(code::tab),
                        indents ? "a tab in the indentation" : "a tab",
                        {},
                        "use spaces",
                        false});
      repaired_ = true;
      if (indents) {
        const std::size_t content = line.find_first_not_of(" \t");
        const std::string& above = lines_[previous];
        const std::size_t width = indentation(above) + (n > 0 && above.ends_with(':') ? 2 : 0);
        line.replace(0, content, std::string(width, ' '));
        shift_[n] = static_cast<int>(width) - static_cast<int>(content);
      }
      std::replace(line.begin(), line.end(), '\t', ' ');
    }
    const std::size_t start = line.find_first_not_of(' ');
    if (start != std::string::npos && line[start] != '#') previous = n;
  }
}

void SourceText::check_directives(std::vector<Fault>& faults) {
  for (std::size_t n = 0; n < lines_.size(); ++n) {
    if (!lines_[n].starts_with('%')) continue;
    faults.push_back({place(static_cast<int>(n), 0),
                      std::string(code::directive),
                      "a YAML directive",
                      {},
                      "remove the line",
                      false});
    lines_[n].insert(0, 1, '#');
    shift_[n] = 1;
    repaired_ = true;
  }
}

void SourceText::close_quotes(std::vector<Fault>& faults) {
  for (const OpenQuote& open : find_open_quotes(lines_)) {
    std::string& line = lines_[open.line];
    faults.push_back({place(static_cast<int>(open.line), static_cast<int>(open.column)),
                      std::string(code::unclosed_quote),
                      "the quote opened here is not closed on its line",
                      {},
                      std::string("close it with ") + open.quote,
                      false});
    line.insert(open.close_at, 1, open.quote);
    repaired_ = true;
    closed_.emplace_back(static_cast<int>(open.line), static_cast<int>(open.column));
  }
}

void SourceText::join() {
  for (const std::string& line : lines_) text_.append(line).append(1, '\n');
}

}  // namespace holdfast::config
