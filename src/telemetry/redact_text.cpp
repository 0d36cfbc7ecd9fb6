// redact_text: secrets in text of any shape: JSON, JSON inside a JSON string, forms, log messages, header lines.
//
// One pass that looks for names. Behind a listed name and a separator the value is taken out: a quoted text to its
// closing quote, an object to its closing brace, `=value` to white space or `&`, `name: value` to the end of the line.
// What never closes is taken out to the end of the text.
#include <algorithm>
#include <array>
#include <optional>

#include "core/bytes.h"
#include "telemetry/redact.h"

namespace holdfast::telemetry {
namespace {

constexpr auto npos = std::string_view::npos;

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_quote(char c) noexcept { return c == '"' || c == '\'' || c == '`'; }
bool is_name_char(char c) noexcept { return is_alpha(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; }
bool is_token68(char c) noexcept {
  return is_name_char(c) || c == '~' || c == '+' || c == '/' || c == '=';
}  // RFC 9110 11.2
bool is_scheme(std::string_view folded) noexcept { return folded == "bearer" || folded == "basic"; }

// A name as it stands in the text, with %XX and \uXXXX decoded and folded.
struct Name {  // NOLINT(cppcoreguidelines-pro-type-member-init): only what is written is read
  std::array<char, redact_name_max> bytes;
  std::size_t size = 0;  // names that are longer are none we look for; their bytes are left out
  std::size_t end = 0;   // position behind it in the text

  std::string_view folded() const noexcept { return {bytes.data(), size}; }
};

// What stands behind a name.
struct Separator {
  bool quoted_name = false;
  bool colon = false;
  std::size_t value = 0;  // position where the value begins
};

class TextRedactor {
 public:
  TextRedactor(std::string_view text, const NameSet& names, std::string& out) : text_(text), names_(names), out_(out) {}

  void run() {
    std::size_t at = 0;
    while (at < text_.size()) at = step(at);
  }

 private:
  char char_at(std::size_t i) const noexcept { return i < text_.size() ? text_[i] : '\0'; }
  std::size_t skip_spaces(std::size_t i) const noexcept {
    while (i < text_.size() && is_space(text_[i])) ++i;
    return i;
  }
  template <class Is>
  std::size_t skip(std::size_t i, Is is) const noexcept {
    while (i < text_.size() && is(text_[i])) ++i;
    return i;
  }

  std::size_t step(std::size_t at) {
    const Name name = read_name(at);
    if (name.end == at) return copy(at, at + escape_size(at));
    if (is_scheme(name.folded())) return copy_scheme(at, name.end);
    if (is_listed(name.folded())) {
      const auto separator = read_separator(name.end);
      if (separator.has_value()) return replace_value(at, *separator);
    }
    // `\nsecret` in a JSON text: the name may begin behind the escape.
    const bool escape = at > 0 && text_[at - 1] == '\\' && std::string_view("nrtbf").find(text_[at]) != npos;
    return copy(at, escape ? at + 1 : name.end);
  }

  std::size_t copy(std::size_t from, std::size_t to) {
    out_.append(text_.substr(from, to - from));
    return to;
  }

  bool is_listed(std::string_view folded) const noexcept {
    const std::size_t dot = folded.rfind('.');
    return names_.contains(folded) || (dot != npos && names_.contains(folded.substr(dot + 1)));
  }

  // Bytes of the %XX or \uXXXX at `i`, so that no name begins inside it; 1 for any other character.
  std::size_t escape_size(std::size_t i) const noexcept {
    const bool percent = text_[i] == '%';
    if (!percent && !(text_[i] == '\\' && char_at(i + 1) == 'u')) return 1;
    const std::size_t size = percent ? 3 : 6;
    for (std::size_t k = i + (percent ? 1 : 2); k < i + size; ++k) {
      if (hex_value(char_at(k)) < 0) return 1;
    }
    return size;
  }

  // One character of a name at `i`, and how many bytes it takes; 0 when there is none.
  std::pair<char, std::size_t> name_char(std::size_t i) const noexcept {
    if (is_name_char(char_at(i))) return {lower(text_[i]), 1};
    const bool percent = char_at(i) == '%';
    if (!percent && !(char_at(i) == '\\' && char_at(i + 1) == 'u')) return {'\0', 0};
    const std::size_t digits = percent ? 2 : 4;
    const std::size_t first = i + (percent ? 1 : 2);
    int value = 0;
    for (std::size_t k = first; k < first + digits; ++k) {
      const int digit = hex_value(char_at(k));
      if (digit < 0) return {'\0', 0};
      value = value * 16 + digit;
    }
    if (value > 127 || !is_name_char(static_cast<char>(value))) return {'\0', 0};
    return {lower(static_cast<char>(value)), digits + (percent ? 1 : 2)};
  }

  Name read_name(std::size_t at) const noexcept {
    Name name;
    name.end = at;
    while (true) {
      const auto [c, taken] = name_char(name.end);
      if (taken == 0) return name;
      name.end += taken;
      if (name.size < name.bytes.size()) name.bytes[name.size++] = c;
    }
  }

  // `"name" :`, `\"name\":`, `['name'] =`, `name =>`, `name%3D`.
  std::optional<Separator> read_separator(std::size_t i) const noexcept {
    Separator separator;
    while (char_at(i) == '\\' || char_at(i) == ']' || is_quote(char_at(i))) {
      separator.quoted_name |= is_quote(text_[i]);
      ++i;
    }
    i = skip_spaces(i);
    const std::string_view encoded = text_.substr(i, 3);
    if (encoded == "%3D" || encoded == "%3d" || encoded == "%3A" || encoded == "%3a") {
      separator.value = i + 3;
      return separator;
    }
    const std::size_t begin = i;
    i = skip(i, [](char c) { return c == ':' || c == '='; });
    if (i == begin) return std::nullopt;
    separator.colon = text_[begin] == ':' && i == begin + 1;
    if (!separator.colon && char_at(i) == '>') ++i;
    separator.value = skip_spaces(i);
    return separator;
  }

  // Copies name and separator, writes the mark for the value; returns the position behind the value.
  std::size_t replace_value(std::size_t at, const Separator& separator) {
    const std::size_t value = separator.value;
    copy(at, value);
    const std::size_t slashes = skip(value, [](char c) { return c == '\\'; }) - value;
    if (is_quote(char_at(value + slashes))) return replace_quoted(value, slashes);
    const bool structure = char_at(value) == '{' || char_at(value) == '[';
    const std::size_t end = structure ? end_of_structure(value) : end_of_bare(value, separator);
    if (end == value) return end;
    const bool json = separator.quoted_name && text_[at - 1] == '"' && (at < 2 || text_[at - 2] != '\\');
    out_.append(json ? "\"" : "").append(redacted).append(json ? "\"" : "");
    return end;
  }

  std::size_t replace_quoted(std::size_t value, std::size_t slashes) {
    const std::size_t begin = value + slashes + 1;
    const std::size_t end = end_of_quoted(begin, text_[begin - 1], slashes);
    copy(value, begin);
    out_.append(redacted);
    return end;  // the closing quote is copied as any other character
  }

  // Position of what closes a text opened by `quote` behind `slashes` backslashes, or of the end.
  std::size_t end_of_quoted(std::size_t i, char quote, std::size_t slashes) const noexcept {
    std::size_t run = 0;
    for (; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++run;
        continue;
      }
      const bool doubled = quote == '\'' && char_at(i + 1) == '\'';  // SQL
      const bool closes = slashes == 0 ? run % 2 == 0 : run <= slashes;
      if (text_[i] == quote && closes && !doubled) return i - (slashes == 0 ? 0 : run);
      if (text_[i] == quote && doubled) ++i;
      run = 0;
    }
    return text_.size();
  }

  std::size_t end_of_structure(std::size_t i) const noexcept {
    std::size_t depth = 0;
    for (; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '"') {
        i = end_of_quoted(i + 1, '"', text_[i - 1] == '\\' ? 1 : 0);
        i = skip(i, [](char s) { return s == '\\'; });
      }
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return i + 1;
    }
    return text_.size();
  }

  std::size_t end_of_bare(std::size_t i, const Separator& separator) const noexcept {
    if (separator.quoted_name) return end_of_scalar(i);
    return separator.colon ? end_of_line(i) : end_of_word(i);
  }

  // A number or word of JSON; when something else follows it, the line.
  std::size_t end_of_scalar(std::size_t i) const noexcept {
    const std::size_t end = skip(i, [](char c) { return is_name_char(c) || c == '+'; });
    const std::size_t next = skip_spaces(end);
    const bool json = next >= text_.size() || std::string_view(",}]").find(text_[next]) != npos;
    return json ? end : end_of_line(i);
  }

  // The end of the line, or a quote that ends the JSON text around it.
  std::size_t end_of_line(std::size_t i) const noexcept {
    for (; i < text_.size() && text_[i] != '\n' && text_[i] != '\r'; ++i) {
      if (text_[i] != '"') continue;
      const std::size_t next = skip_spaces(i + 1);
      if (next >= text_.size() || std::string_view(",}]:").find(text_[next]) != npos) return i;
    }
    return i;
  }

  std::size_t end_of_word(std::size_t i) const noexcept {
    const auto in_word = [](char c) { return !is_space(c) && !is_quote(c) && c != '&' && c != '<' && c != '>'; };
    const std::size_t end = skip(i, in_word);
    std::string first(text_.substr(i, std::min<std::size_t>(end - i, 8)));
    std::transform(first.begin(), first.end(), first.begin(), [](char c) { return lower(c); });
    if (!is_scheme(first)) return end;
    return skip(skip_spaces(end), in_word);
  }

  // `Bearer abc`: any credentials behind the name of a scheme.
  std::size_t copy_scheme(std::size_t at, std::size_t end) {
    const std::size_t value = skip(end, [](char c) { return c == ' ' || c == '\t'; });
    const std::size_t value_end = skip(value, is_token68);
    if (value == end || value_end == value) return copy(at, end);
    copy(at, value);
    out_.append(redacted);
    return value_end;
  }

  std::string_view text_;
  const NameSet& names_;
  std::string& out_;
};

}  // namespace

void redact_json(std::string_view text, const NameSet& names, std::string& out) {
  TextRedactor(text, names, out).run();
}

}  // namespace holdfast::telemetry
