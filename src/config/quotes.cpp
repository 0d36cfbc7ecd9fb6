// A lexer of YAML lines that knows just enough to tell quotes from text.
#include "config/quotes.h"

#include <optional>
#include <string_view>

namespace holdfast::config {
namespace {

class LineLexer {
 public:
  explicit LineLexer(std::string_view line) : line_(line) {}

  // Runs over the line; `flow_depth` is carried from line to line.
  std::optional<std::size_t> open_quote(int& flow_depth) {
    bool at_start = true;  // a key or value may start here
    while (position_ < line_.size()) {
      const char c = line_[position_];
      if (c == ' ') {
        ++position_;
      } else if (c == '#' && (position_ == 0 || line_[position_ - 1] == ' ')) {
        return std::nullopt;
      } else if (at_start && (c == '"' || c == '\'')) {
        const std::size_t opened = position_;
        if (!skip_quoted(c)) return opened;
        at_start = false;
      } else {
        at_start = step(c, at_start, flow_depth);
      }
    }
    return std::nullopt;
  }

 private:
  char next() const { return position_ + 1 < line_.size() ? line_[position_ + 1] : ' '; }

  // Past one character that is no quote; true when a value may start behind it.
  bool step(char c, bool at_start, int& flow_depth) {
    ++position_;
    if (c == '[' || c == '{') {
      if (!at_start && flow_depth == 0) return false;  // a bracket inside plain text
      ++flow_depth;
      return true;
    }
    if ((c == ']' || c == '}') && flow_depth > 0) {
      --flow_depth;
      return false;
    }
    if (c == ',' && flow_depth > 0) return true;
    const bool before_space = position_ >= line_.size() || line_[position_] == ' ';
    if (c == ':' && before_space) return true;
    if ((c == '-' || c == '?') && at_start && before_space) return true;
    return false;
  }

  bool skip_quoted(char quote) {
    ++position_;
    while (position_ < line_.size()) {
      const char c = line_[position_];
      if (quote == '"' && c == '\\') {
        position_ += 2;
      } else if (quote == '\'' && c == '\'' && next() == '\'') {
        position_ += 2;
      } else if (c == quote) {
        ++position_;
        return true;
      } else {
        ++position_;
      }
    }
    return false;
  }

  std::string_view line_;
  std::size_t position_ = 0;
};

// Where the key of the line stands, behind any `- `.
std::size_t content_column(std::string_view line) {
  std::size_t i = 0;
  while (i < line.size() && (line[i] == ' ' || (line[i] == '-' && i + 1 < line.size() && line[i + 1] == ' '))) ++i;
  return i;
}

// The line ends with a block text header: `key: |`, `- >-`.
bool opens_block_text(std::string_view line) {
  const std::size_t comment = line.find(" #");
  if (comment != std::string_view::npos) line = line.substr(0, comment);
  while (line.ends_with(' ')) line.remove_suffix(1);
  while (!line.empty() && std::string_view("+-0123456789").find(line.back()) != std::string_view::npos)
    line.remove_suffix(1);
  if (!line.ends_with('|') && !line.ends_with('>')) return false;
  line.remove_suffix(1);
  return line.ends_with(": ") || line.ends_with("- ");
}

// In front of the brackets that end the line, so that what they close stays closed; else at its end.
std::size_t closing_place(std::string_view line, std::size_t opened, int flow_depth) {
  std::size_t end = line.find(" #", opened);
  if (end == std::string_view::npos) end = line.size();
  std::size_t place = end;
  for (std::size_t i = end; i > opened + 1 && flow_depth > 0; --i) {
    const char c = line[i - 1];
    if (c != ' ' && c != ']' && c != '}') break;
    if (c == ' ') continue;
    place = i - 1;
    --flow_depth;
  }
  return place;
}

}  // namespace

std::vector<OpenQuote> find_open_quotes(const std::vector<std::string>& lines) {
  std::vector<OpenQuote> found;
  int flow_depth = 0;
  std::optional<std::size_t> block_parent;  // inside block text: the column of its key
  for (std::size_t n = 0; n < lines.size(); ++n) {
    const std::string_view line = lines[n];
    const std::size_t indent = line.find_first_not_of(' ');
    if (indent == std::string_view::npos) continue;
    if (block_parent && indent > *block_parent) continue;
    block_parent.reset();
    const auto column = LineLexer(line).open_quote(flow_depth);
    if (column) {
      const std::size_t close_at = closing_place(line, *column, flow_depth);
      found.push_back({n, *column, line[*column], close_at});
      LineLexer(line.substr(close_at)).open_quote(flow_depth);  // counts the brackets behind it
    } else if (flow_depth == 0 && opens_block_text(line)) {
      block_parent = content_column(line);
    }
  }
  return found;
}

}  // namespace holdfast::config
