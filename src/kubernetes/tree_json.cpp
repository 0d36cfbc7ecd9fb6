// From nodes to values: scalars typed as YAML 1.1 types them, aliases and merge keys (yaml.org/type/merge) resolved.
#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "config/codes.h"
#include "core/bytes.h"
#include "kubernetes/remark.h"
#include "kubernetes/tree.h"

namespace holdfast::kubernetes {
namespace {

constexpr std::size_t most_values = 1'000'000;  // after aliases are resolved

void collect_anchors(const Node& node, std::map<std::size_t, const Node*>& anchors) {
  if (node.anchor != 0) anchors[node.anchor] = &node;
  for (const Member& one : node.members) {
    collect_anchors(one.key, anchors);
    collect_anchors(one.value, anchors);
  }
  for (const Node& one : node.items) collect_anchors(one, anchors);
}

class Converter {
 public:
  explicit Converter(const Tree& tree) { collect_anchors(tree.root, anchors_); }

  Json convert(const Node& node, std::size_t depth) {
    if (failed_ || ++values_ > most_values || depth > deepest_nesting * 2) {
      failed_ = true;
      return nullptr;
    }
    switch (node.kind) {
      case Node::Kind::null: return nullptr;
      case Node::Kind::scalar: return scalar(node);
      case Node::Kind::sequence: return list(node, depth);
      case Node::Kind::mapping: return object(node, depth);
      case Node::Kind::alias: {
        const auto target = anchors_.find(node.alias_of);
        if (target == anchors_.end()) return nullptr;
        return convert(*target->second, depth + 1);
      }
    }
    return nullptr;
  }

  bool failed() const noexcept { return failed_; }

 private:
  static Json scalar(const Node& node) {
    const bool typed = node.tag.ends_with(":int") || node.tag.ends_with(":bool") || node.tag.ends_with(":float");
    if (node.tag == "?" || typed) return plain_value(node.text);
    return node.text;
  }

  Json list(const Node& node, std::size_t depth) {
    Json all = Json::array();
    for (const Node& one : node.items) all.push_back(convert(one, depth + 1));
    return all;
  }

  // Members of the mapping itself beat merged ones, wherever they stand.
  Json object(const Node& node, std::size_t depth) {
    Json all = Json::object();
    for (const Member& one : node.members) {
      if (!merges(one)) all[key_of(one.key)] = convert(one.value, depth + 1);
    }
    for (const Member& one : node.members) {
      if (merges(one)) merge(all, convert(one.value, depth + 1));
    }
    return all;
  }

  static bool merges(const Member& one) {
    return one.key.kind == Node::Kind::scalar && !one.key.quoted && one.key.text == "<<";
  }

  static std::string key_of(const Node& key) {
    if (key.kind == Node::Kind::scalar) return key.text;
    return key.kind == Node::Kind::null ? "null" : "?";
  }

  static void merge(Json& into, const Json& from) {
    if (from.is_array()) {
      for (const Json& one : from) merge(into, one);
      return;
    }
    if (!from.is_object()) return;
    for (const auto& one : from.items()) {
      if (!into.contains(one.key())) into[one.key()] = one.value();
    }
  }

  std::map<std::size_t, const Node*> anchors_;
  std::size_t values_ = 0;
  bool failed_ = false;
};

std::string lower_case(std::string_view text) {
  std::string all;
  for (const char c : text) all += lower(c);
  return all;
}

// Decimal, 0x…, 0o…, 0b… and the octal of YAML 1.1, 0644.
std::optional<long> integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int radix = 10;
  if (text.size() > 1 && text.front() == '0') {
    const char kind = lower(text[1]);
    radix = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
    text.remove_prefix(kind == 'x' || kind == 'b' || kind == 'o' ? 2 : 1);
  }
  if (text.empty() || text.front() == '-' || text.front() == '+') return std::nullopt;
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, radix);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return negative ? -value : value;
}

std::optional<double> fraction(const std::string& text) {
  if (text.find_first_not_of("0123456789.eE+-") != std::string::npos) return std::nullopt;
  if (text.find_first_of("0123456789") == std::string::npos) return std::nullopt;
  double value = 0;
  const char* start = text.data() + (text.starts_with('+') ? 1 : 0);
  const auto [end, error] = std::from_chars(start, text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Json plain_value(const std::string& text) {
  constexpr std::array<std::string_view, 4> yes{"true", "yes", "on", "y"};
  constexpr std::array<std::string_view, 4> no{"false", "no", "off", "n"};
  const std::string folded = text.size() <= 5 ? lower_case(text) : std::string();
  if (std::find(yes.begin(), yes.end(), folded) != yes.end()) return true;
  if (std::find(no.begin(), no.end(), folded) != no.end()) return false;
  if (folded == "null" || text == "~" || text.empty()) return nullptr;
  if (const auto whole = integer(text)) return *whole;
  if (const auto number = fraction(text)) return *number;
  return text;
}

Result<Json, Trouble> to_json(const Tree& tree) {
  Converter converter(tree);
  Json value = converter.convert(tree.root, 0);
  if (converter.failed()) {
    return Trouble{0, std::string(code::too_large), "its aliases expand to more than a million values",
                   "write them out"};
  }
  return value;
}

}  // namespace holdfast::kubernetes
