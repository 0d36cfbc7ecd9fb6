// Json: objects whose members keep their order, and paths into them (RFC 6901). No call here throws.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::kubernetes {

using Json = nlohmann::ordered_json;
using Path = std::vector<std::string>;  // an element of a list is its index in decimal

std::string path_text(const Path& path);  // RFC 6901: `/metadata/annotations/holdfast.dev~1status`
std::optional<Path> parse_path(std::string_view text);
Path operator/(Path path, std::string_view step);
Path operator/(Path path, std::size_t index);
Path operator/(Path path, const Path& rest);

// What is there, or null when nothing is.
const Json* find(const Json& root, const Path& path);
Json* find(Json& root, const Path& path);
// The same for names of members alone; a null is taken for nothing, as Kubernetes does.
const Json* look(const Json& root, std::initializer_list<std::string_view> names);

std::string_view text_of(const Json* value);  // "" when it is no string
std::optional<long> number_of(const Json* value);

// Invalid UTF-8 cannot make it throw.
std::string dump(const Json& value, int indent = -1, char with = ' ');

// An index of a list: decimal digits without leading zero.
std::optional<std::size_t> index_of(std::string_view step);

}  // namespace holdfast::kubernetes
