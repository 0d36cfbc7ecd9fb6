// How paths are compared with route patterns.
#include "http/routes.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace holdfast::http {
namespace {

std::string normalised(std::string_view path) {
  const auto buffer = std::make_unique<char[]>(path.size() + 1);
  return std::string(normalised_path(path, {buffer.get(), path.size() + 1}));
}

bool matches(std::string_view pattern, std::string_view path) {
  const auto parsed = PathPattern::parse(pattern);
  REQUIRE(parsed.has_value());
  return parsed.has_value() && parsed->matches(normalised(path));
}

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
  CHECK(normalised_path("/abc", {}).empty());
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
  for (const char* bad : {"", "users", "/a*", "/*a", "/a/b*/c", "*"}) CHECK_FALSE(PathPattern::parse(bad).has_value());
}

}  // namespace holdfast::http
