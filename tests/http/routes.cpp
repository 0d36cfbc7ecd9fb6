// How paths are compared with route patterns.
#include "http/routes.h"

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace holdfast::http {
namespace {

std::string normalised(std::string_view path) {
  const auto buffer = std::make_unique<char[]>(path.size() + 1);
  return std::string(normalised_path(path, {buffer.get(), path.size() + 1}));
}

bool matches(std::string_view pattern, std::string_view path) {
  Routes routes;
  REQUIRE(routes.add("", pattern, 7));
  return routes.find("GET", normalised(path), 0) == 7;
}

// The plainest matcher there could be, pattern by pattern and byte by byte.
bool one_matches(std::string_view pattern, std::string_view path) {
  if (pattern.empty() || path.empty()) return pattern.empty() && path.empty();
  if (pattern == "*") return true;
  if (pattern[0] != '*') return pattern[0] == path[0] && one_matches(pattern.substr(1), path.substr(1));
  const std::size_t segment = path.find('/');
  if (segment == 0 || segment == std::string_view::npos) return false;
  return one_matches(pattern.substr(1), path.substr(segment));
}

struct Given {
  std::string method;
  std::string path;
};

std::uint32_t first_match(const std::vector<Given>& given, std::string_view method, std::string_view path) {
  for (std::uint32_t i = 0; i < given.size(); ++i) {
    const bool fits =
        given[i].method.empty() || given[i].method == method || (method == "HEAD" && given[i].method == "GET");
    if (fits && one_matches(given[i].path, path)) return i + 1;
  }
  return 0;
}

Routes tree_of(const std::vector<Given>& given) {
  Routes routes;
  for (std::uint32_t i = 0; i < given.size(); ++i) REQUIRE(routes.add(given[i].method, given[i].path, i + 1));
  return routes;
}

// Few words, so that patterns share beginnings and paths hit them.
class RandomPaths {
 public:
  std::string pattern() { return made({"a", "b", "ab", "*", "*", "%2F"}, true); }
  std::string path() { return made({"a", "b", "ab", "c", "*", "%2F"}, false); }
  std::string method() { return std::array<const char*, 5>{"", "GET", "HEAD", "POST", "X"}[pick(5)]; }
  std::size_t pick(std::size_t count) { return random_() % count; }

 private:
  std::string made(const std::array<const char*, 6>& words, bool is_pattern) {
    std::string text;
    for (std::size_t n = pick(5); n > 0; --n) text += std::string("/") + words[pick(6)];
    if (text.empty() || pick(4) == 0) text += '/';
    return is_pattern && pick(6) == 0 ? text + (text.ends_with('/') ? "*" : "/*") : text;
  }
  std::mt19937 random_{20261122};
};

}  // namespace

TEST_CASE("paths are normalised for matching: escapes, slashes and dot segments") {
  CHECK(normalised("/") == "/");
  CHECK(normalised("/a/b") == "/a/b");
  CHECK(normalised("/a/b/") == "/a/b/");
  CHECK(normalised("//a///b//") == "/a/b/");
  CHECK(normalised("/%61/%7e%2D%5f%2E") == "/a/~-_.");
  CHECK(normalised("/a%2fb%3f%e9") == "/a%2Fb%3F%E9");
  CHECK(normalised("/a%zz%4") == "/a%zz%4");
  CHECK(normalised("/a/./b") == "/a/b");
  CHECK(normalised("/a/../b") == "/b");
  CHECK(normalised("/a/%2e%2E/b") == "/b");
  CHECK(normalised("/../../b") == "/b");
  CHECK(normalised("/a/b/../../../c/") == "/c/");
  CHECK(normalised("/a/b/..") == "/a/");
  CHECK(normalised("/a/.") == "/a/");
  CHECK(normalised("/..") == "/");
  CHECK(normalised("/...") == "/...");
  CHECK(normalised("/a//../b") == "/b");
  CHECK(normalised("*") == "*");
  CHECK(normalised_path("/a/../b", {}).empty());
}

TEST_CASE("a pattern without a star is the whole path") {
  CHECK(matches("/users", "/users"));
  CHECK(matches("/users", "/x/..//%75sers"));
  CHECK_FALSE(matches("/users", "/users/"));
  CHECK_FALSE(matches("/users", "/users2"));
  CHECK_FALSE(matches("/users", "/Users"));
  CHECK_FALSE(matches("/users", "*"));
  CHECK(matches("/", "/"));
}

TEST_CASE("a star is one whole segment, at the end the rest") {
  CHECK(matches("/users/*/posts", "/users/7/posts"));
  CHECK_FALSE(matches("/users/*/posts", "/users/7/8/posts"));
  CHECK_FALSE(matches("/users/*/posts", "/users/posts"));
  CHECK_FALSE(matches("/users/*/posts", "/users/7/postscript"));
  CHECK(matches("/*/x/*", "/a/x/b/c"));
  CHECK(matches("/events/*", "/events/a"));
  CHECK(matches("/events/*", "/events/a/b/"));
  CHECK_FALSE(matches("/events/*", "/events"));
  CHECK_FALSE(matches("/events/*", "/events/"));
  CHECK_FALSE(matches("/events/*", "/events/a/../../x"));
  CHECK(matches("/*", "/a/b"));
  CHECK_FALSE(matches("/*", "/"));
  CHECK_FALSE(matches("/*", "*"));
  for (const char* bad : {"", "users", "/a*", "/*a", "/a/b*/c", "*"}) {
    Routes routes;
    CHECK_FALSE(routes.add("", bad, 1));
    CHECK(routes.empty());
  }
}

TEST_CASE("the first route that matches wins, whatever is more exact, and GET also matches HEAD") {
  const Routes routes =
      tree_of({{"GET", "/a/*/c"}, {"", "/a/b/c"}, {"POST", "/a/*"}, {"POST", "/a/b"}, {"HEAD", "/h"}, {"GET", "/h"}});
  CHECK(routes.find("GET", "/a/b/c", 0) == 1);
  CHECK(routes.find("HEAD", "/a/b/c", 0) == 1);
  CHECK(routes.find("PUT", "/a/b/c", 0) == 2);
  CHECK(routes.find("POST", "/a/b", 0) == 3);
  CHECK(routes.find("HEAD", "/h", 0) == 5);
  CHECK(routes.find("GET", "/h", 0) == 6);
  CHECK(routes.find("get", "/h", 9) == 9);
  CHECK(Routes().find("GET", "/", 9) == 9);
}

TEST_CASE("any routes in any order: the tree finds what trying one after the other finds") {
  RandomPaths random;
  std::size_t found = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<Given> given(1 + random.pick(40));
    for (Given& one : given) one = {random.method(), random.pattern()};
    const Routes routes = tree_of(given);
    for (int i = 0; i < 20; ++i) {
      const std::string method = random.method();
      const std::string path = random.path();
      const std::uint32_t expected = first_match(given, method, path);
      CAPTURE(method);
      CAPTURE(path);
      REQUIRE(routes.find(method, path, 0) == expected);
      found += expected != 0 ? 1 : 0;
    }
  }
  CHECK(found > 10'000);
  CHECK(found < 39'000);
}

TEST_CASE("a thousand routes side by side are told apart, and a path of any depth or length is none of them") {
  std::vector<Given> given;
  for (int n = 0; n < 1000; ++n) given.push_back({"GET", "/api/v1/resource-" + std::to_string(n) + "/*"});
  const Routes routes = tree_of(given);
  for (std::uint32_t n = 0; n < 1000; ++n)
    REQUIRE(routes.find("GET", "/api/v1/resource-" + std::to_string(n) + "/x/y", 0) == n + 1);
  CHECK(routes.find("GET", "/api/v1/resource-1000/x", 0) == 0);
  std::string deep;
  for (int n = 0; n < 100'000; ++n) deep += "/a";
  CHECK(routes.find("GET", deep, 0) == 0);
  CHECK(routes.find("GET", "/api/v1/resource-1" + deep, 0) == 2);
  CHECK(routes.find("GET", "/api/v1/" + std::string(200'000, 'r'), 0) == 0);
}

TEST_CASE("a pattern of many stars is followed to its end") {
  std::string stars;
  std::string path;
  for (int n = 0; n < 500; ++n) {
    stars += "/*";
    path += "/x";
  }
  const Routes routes = tree_of({{"", stars + "/end"}, {"", stars + "/*"}});
  CHECK(routes.find("GET", path + "/end", 0) == 1);
  CHECK(routes.find("GET", path + "/other", 0) == 2);
  CHECK(routes.find("GET", path, 0) == 0);
}

}  // namespace holdfast::http
