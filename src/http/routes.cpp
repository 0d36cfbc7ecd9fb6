#include "http/routes.h"

#include <algorithm>

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

// Whether nothing in `path` is an escape, a second slash or a segment that begins with a dot.
bool is_normal(std::string_view path) noexcept {
  bool behind_slash = false;
  for (const char c : path) {
    if (c == '%' || (behind_slash && (c == '/' || c == '.'))) return false;
    behind_slash = c == '/';
  }
  return path.starts_with('/');
}

bool shorter_first(std::string_view a, std::string_view b) noexcept {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

bool is_pattern(std::string_view text) noexcept {
  if (!text.starts_with('/')) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '*') continue;
    const bool whole = text[i - 1] == '/' && (i + 1 == text.size() || text[i + 1] == '/');
    if (!whole) return false;
  }
  return true;
}

// Cuts the first segment from `rest`, which stands behind a slash, and says whether it was the last one.
bool cut_segment(std::string_view& rest, std::string_view& segment) noexcept {
  const std::size_t slash = rest.find('/');
  const bool last = slash == std::string_view::npos;
  segment = rest.substr(0, slash);
  rest.remove_prefix(last ? rest.size() : slash + 1);
  return last;
}

}  // namespace

std::string_view normalised_path(std::string_view path, std::span<char> out) noexcept {
  if ((path == "*" && !out.empty()) || is_normal(path)) return path;
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

bool Routes::add(std::string_view method, std::string_view path, std::uint32_t route) {
  if (!is_pattern(path)) return false;
  std::string buffer(path.size() + 1, '\0');
  std::string_view rest = normalised_path(path, buffer).substr(1);
  const std::uint32_t order = count_++;
  std::uint32_t node = 0;
  for (bool last = false; !last;) {
    nodes_[node].least = std::min(nodes_[node].least, order);
    std::string_view segment;
    last = cut_segment(rest, segment);
    if (last && segment == "*") {
      nodes_[node].rests.push_back({order, route, std::string(method)});
      return true;
    }
    node = child(node, segment);
  }
  nodes_[node].least = std::min(nodes_[node].least, order);
  nodes_[node].ends.push_back({order, route, std::string(method)});
  return true;
}

std::uint32_t Routes::new_node() {
  nodes_.emplace_back();
  return static_cast<std::uint32_t>(nodes_.size() - 1);
}

// The node behind `segment`, made when it is the first of its name.
std::uint32_t Routes::child(std::uint32_t node, std::string_view segment) {
  if (segment == "*") {
    if (nodes_[node].star == none) {
      const std::uint32_t made = new_node();
      nodes_[node].star = made;
    }
    return nodes_[node].star;
  }
  if (const Node* known = literal(nodes_[node], segment)) return static_cast<std::uint32_t>(known - nodes_.data());
  const std::uint32_t made = new_node();
  std::vector<Literal>& literals = nodes_[node].literals;
  const auto place = std::partition_point(
      literals.begin(), literals.end(), [segment](const Literal& one) { return shorter_first(one.segment, segment); });
  literals.insert(place, {std::string(segment), made});
  return made;
}

const Routes::Node* Routes::literal(const Node& node, std::string_view segment) const noexcept {
  const auto found = std::partition_point(node.literals.begin(), node.literals.end(), [segment](const Literal& one) {
    return shorter_first(one.segment, segment);
  });
  return found == node.literals.end() || found->segment != segment ? nullptr : &nodes_[found->node];
}

void Routes::take(const std::vector<Route>& routes, Search& search) noexcept {
  for (const Route& one : routes) {
    if (one.order >= search.order) return;
    const bool fits =
        one.method.empty() || one.method == search.method || (search.method == "HEAD" && one.method == "GET");
    if (!fits) continue;
    search.order = one.order;
    search.index = one.index;
    return;
  }
}

// Looks at the routes below `node` for what is behind the slash. No node is seen twice, and none behind which there is
// nothing better; a call for every `*` on the way.
void Routes::visit(const Node* node, std::string_view rest, Search& search) const noexcept {
  while (node != nullptr && node->least < search.order) {
    if (!rest.empty()) take(node->rests, search);
    std::string_view segment;
    const bool last = cut_segment(rest, segment);
    const Node* const named = literal(*node, segment);
    if (last) {
      if (named != nullptr) take(named->ends, search);
      return;
    }
    if (node->star != none) visit(&nodes_[node->star], rest, search);
    node = named;
  }
}

std::uint32_t Routes::find(std::string_view method, std::string_view path, std::uint32_t otherwise) const noexcept {
  Search search{method, none, otherwise};
  if (path.starts_with('/')) visit(nodes_.data(), path.substr(1), search);
  return search.index;
}

}  // namespace holdfast::http
