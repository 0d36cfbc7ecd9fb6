// routes: which route of the configuration a request belongs to, by its method and path.
//
// Only for matching: the bytes that are forwarded stay as they came. The first route that matches wins, however the
// routes are stored: as a tree of path segments, so that what a look-up costs depends on the path and not on how many
// routes there are. The tree is the configuration's; nothing that a client sends makes it grow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::http {

// The path as it is compared (RFC 3986 6.2.2): unreserved escapes decoded, other escapes in upper case, slashes merged
// and dot segments resolved. The path itself when that changes nothing, else written to `out` (needs path.size() + 1
// bytes). Begins with a slash, except for "*". Empty when `out` is too small.
std::string_view normalised_path(std::string_view path, std::span<char> out) noexcept;

class Routes {
 public:
  // A path such as /users/*/posts or /events/*: `*` is one whole segment, at the end the rest (at least one byte behind
  // the slash, any number of segments). Without `*` the path must be equal. An empty method is any; GET also matches
  // HEAD. False when `path` does not begin with a slash or has a `*` inside a segment: nothing was added.
  [[nodiscard]] bool add(std::string_view method, std::string_view path, std::uint32_t route);

  bool empty() const noexcept { return count_ == 0; }

  // What was added first of all that match, `otherwise` when none does. `path` is normalised.
  std::uint32_t find(std::string_view method, std::string_view path, std::uint32_t otherwise) const noexcept;

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  struct Route {
    std::uint32_t order = none;  // of adding; the least wins
    std::uint32_t index = 0;     // the caller's
    std::string method;
  };
  struct Literal {
    std::string segment;
    std::uint32_t node = none;
  };
  // What patterns say behind some number of segments.
  struct Node {
    std::vector<Route> ends;        // nothing more
    std::vector<Route> rests;       // a slash and at least one byte
    std::vector<Literal> literals;  // a slash and one of these segments; sorted, shorter ones first
    std::uint32_t star = none;      // a slash and any segment
    std::uint32_t least = none;     // order of the first route here and below
  };
  struct Search {
    std::string_view method;
    std::uint32_t order = none;  // of the best so far
    std::uint32_t index = 0;
  };

  std::uint32_t child(std::uint32_t node, std::string_view segment);
  std::uint32_t new_node();
  const Node* literal(const Node& node, std::string_view segment) const noexcept;
  void visit(const Node* node, std::string_view rest, Search& search) const noexcept;
  static void take(const std::vector<Route>& routes, Search& search) noexcept;

  std::vector<Node> nodes_ = std::vector<Node>(1);  // the first: before the first slash
  std::uint32_t count_ = 0;
};

}  // namespace holdfast::http
