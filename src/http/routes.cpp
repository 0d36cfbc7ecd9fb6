#include "http/routes.h"

#include "core/bytes.h"

namespace holdfast::http {
namespace {

bool is_unreserved(char c) noexcept {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}
char upper(char c) noexcept { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; }

// One character of the path as it counts for matching: one byte, or an escape that stays (three bytes). Cuts it from
// `path`.
std::size_t next_character(std::string_view& path, char* out) noexcept {
  const bool escape = path[0] == '%' && path.size() > 2 && hex_value(path[1]) >= 0 && hex_value(path[2]) >= 0;
  if (!escape) {
    out[0] = path[0];
    path.remove_prefix(1);
    return 1;
  }
  const auto decoded = static_cast<char>(hex_value(path[1]) * 16 + hex_value(path[2]));
  const char high = upper(path[1]);
  const char low = upper(path[2]);
  path.remove_prefix(3);
  if (is_unreserved(decoded)) {
    out[0] = decoded;
    return 1;
  }
  out[0] = '%';
  out[1] = high;
  out[2] = low;
  return 3;
}

// Resolves the segment that was just written, [segment, end) behind a slash. Returns the new end.
char* resolve_dots(char* begin, char* segment, char* end) noexcept {
  const std::string_view text(segment, static_cast<std::size_t>(end - segment));
  if (text == ".") return segment;
  if (text != "..") return end;
  if (segment == begin + 1) return segment;  // above the root is the root
  char* slash = segment - 1;
  while (slash > begin && *(slash - 1) != '/') --slash;
  return slash;
}

}  // namespace

std::string_view normalised_path(std::string_view path, std::span<char> out) noexcept {
  if (path == "*" && !out.empty()) return "*";
  if (out.size() < path.size() + 1) return {};
  char* const begin = out.data();
  char* end = begin;
  *end++ = '/';
  char* segment = end;  // behind the last slash
  while (!path.empty()) {
    const char* const at = end;
    end += next_character(path, end);
    if (*at != '/') continue;
    if (at == segment) {  // doubled, or the first one
      --end;
      continue;
    }
    char* const kept = resolve_dots(begin, segment, end - 1);
    if (kept == end - 1) {
      segment = end;
    } else {
      segment = end = kept;
    }
  }
  end = resolve_dots(begin, segment, end);
  return {begin, static_cast<std::size_t>(end - begin)};
}

std::optional<PathPattern> PathPattern::parse(std::string_view text) {
  if (!text.starts_with('/')) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '*') continue;
    const bool whole = text[i - 1] == '/' && (i + 1 == text.size() || text[i + 1] == '/');
    if (!whole) return std::nullopt;
  }
  std::string buffer(text.size() + 1, '\0');
  return PathPattern(std::string(normalised_path(text, buffer)));
}

bool PathPattern::matches(std::string_view path) const noexcept {
  std::string_view pattern = text_;
  while (!pattern.empty() && !path.empty()) {
    if (pattern == "*") return true;  // the rest
    const std::size_t star = pattern.starts_with('*') ? 0 : pattern.find('*');
    if (star != 0) {
      const std::string_view literal = pattern.substr(0, star);
      if (!path.starts_with(literal)) return false;
      pattern.remove_prefix(literal.size());
      path.remove_prefix(literal.size());
      continue;
    }
    const std::size_t segment = path.find('/');
    if (segment == 0 || segment == std::string_view::npos) return false;  // an empty segment, or nothing behind it
    path.remove_prefix(segment);
    pattern.remove_prefix(1);
  }
  return pattern.empty() && path.empty();
}

}  // namespace holdfast::http
