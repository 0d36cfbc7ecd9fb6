#include "kubernetes/json.h"

#include <charconv>

namespace holdfast::kubernetes {
namespace {

// `J` is Json or const Json.
template <class J>
J* step_into(J* at, const std::string& step) {
  if (at->is_object()) {
    const auto found = at->find(step);
    return found == at->end() ? nullptr : &*found;
  }
  const auto index = index_of(step);
  if (!at->is_array() || !index || *index >= at->size()) return nullptr;
  return &(*at)[*index];
}

template <class J>
J* walk(J* at, const Path& path) {
  for (const std::string& step : path) {
    at = step_into(at, step);
    if (at == nullptr) return nullptr;
  }
  return at;
}

}  // namespace

std::string path_text(const Path& path) {
  std::string text;
  for (const std::string& step : path) {
    text += '/';
    for (const char c : step) {
      if (c == '~') {
        text += "~0";
      } else if (c == '/') {
        text += "~1";
      } else {
        text += c;
      }
    }
  }
  return text;
}

std::optional<Path> parse_path(std::string_view text) {
  Path path;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') {
      path.emplace_back();
      continue;
    }
    if (path.empty()) return std::nullopt;
    if (text[i] != '~') {
      path.back() += text[i];
      continue;
    }
    const char escaped = ++i < text.size() ? text[i] : '\0';
    if (escaped != '0' && escaped != '1') return std::nullopt;
    path.back() += escaped == '0' ? '~' : '/';
  }
  return path;
}

Path operator/(Path path, std::string_view step) {
  path.emplace_back(step);
  return path;
}

Path operator/(Path path, std::size_t index) {
  path.push_back(std::to_string(index));
  return path;
}

Path operator/(Path path, const Path& rest) {
  path.insert(path.end(), rest.begin(), rest.end());
  return path;
}

const Json* find(const Json& root, const Path& path) { return walk(&root, path); }
Json* find(Json& root, const Path& path) { return walk(&root, path); }

const Json* look(const Json& root, std::initializer_list<std::string_view> names) {
  const Json* at = &root;
  for (const std::string_view name : names) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(std::string(name));
    if (found == at->end() || found->is_null()) return nullptr;
    at = &*found;
  }
  return at;
}

std::string_view text_of(const Json* value) {
  if (value == nullptr) return {};
  const auto* text = value->get_ptr<const Json::string_t*>();
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

std::optional<long> number_of(const Json* value) {
  if (value == nullptr) return std::nullopt;
  const auto* number = value->get_ptr<const Json::number_integer_t*>();
  if (number == nullptr) return std::nullopt;
  return static_cast<long>(*number);
}

std::string dump(const Json& value, int indent, char with) {
  return value.dump(indent, with, false, Json::error_handler_t::replace);
}

std::optional<std::size_t> index_of(std::string_view step) {
  if (step.empty() || (step.size() > 1 && step.front() == '0')) return std::nullopt;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (error != std::errc{} || end != step.data() + step.size()) return std::nullopt;
  return index;
}

}  // namespace holdfast::kubernetes
