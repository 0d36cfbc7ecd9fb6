#include "kubernetes/render.h"

#include <algorithm>
#include <array>

#include "core/bytes.h"
#include "kubernetes/tree.h"

namespace holdfast::kubernetes {
namespace {

constexpr std::size_t step = 2;

bool is_plain(const std::string& text) {
  constexpr std::string_view inside = "._/=:$()@-";
  constexpr std::string_view starts = "/$.-";
  if (text.empty() || text.back() == ':' || text.back() == '-') return false;
  const bool starts_well = is_alpha(text.front()) || is_digit(text.front()) || text.front() == '/' ||
                           text.front() == '$' || text.starts_with("--");
  if (!starts_well || starts.find(text.back()) != std::string_view::npos) return false;
  const auto accepted = [inside](char c) {
    return is_alpha(c) || is_digit(c) || inside.find(c) != std::string_view::npos;
  };
  if (!std::all_of(text.begin(), text.end(), accepted)) return false;
  // Digits in front: a number, a time or a date to some reader, unless a letter that none of them has is in it.
  const bool like_a_number =
      is_digit(text.front()) && text.find_first_of("ghijklmnpqrstuvwyzGHIJKLMNPQRSTUVWYZ") == std::string::npos;
  return !like_a_number && plain_value(text).is_string();
}

std::string single_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

bool is_scalar(const Json& value) { return !value.is_structured() || value.empty(); }

void add_value(std::string& out, const Json& value, std::size_t indent, std::string_view eol);

void add_member(std::string& out, std::string_view key, const Json& value, std::size_t indent, std::string_view eol) {
  out.append(block_scalar(std::string(key))).append(":");
  if (is_scalar(value)) {
    out.append(" ").append(block_scalar(value)).append(eol);
    return;
  }
  out.append(eol);
  add_value(out, value, indent + step, eol);
}

// The first line of an item stands behind its dash.
void add_item(std::string& out, const Json& value, std::size_t indent, std::string_view eol) {
  out.append(indent, ' ').append("- ");
  if (is_scalar(value) || value.is_array()) {
    out.append(is_scalar(value) ? block_scalar(value) : dump(value)).append(eol);
    return;
  }
  bool first = true;
  for (const auto& one : value.items()) {
    if (!first) out.append(indent + step, ' ');
    first = false;
    add_member(out, one.key(), one.value(), indent + step, eol);
  }
}

void add_value(std::string& out, const Json& value, std::size_t indent, std::string_view eol) {
  if (value.is_array()) {
    for (const Json& one : value) add_item(out, one, indent, eol);
    return;
  }
  for (const auto& one : value.items()) {
    out.append(indent, ' ');
    add_member(out, one.key(), one.value(), indent, eol);
  }
}

}  // namespace

std::string block_scalar(const Json& value) {
  if (!value.is_string()) return dump(value);
  std::string text(text_of(&value));
  if (is_plain(text)) return text;
  const auto needs_escape = [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == '\x7f'; };
  if (std::any_of(text.begin(), text.end(), needs_escape)) return dump(value);
  return single_quoted(text);
}

std::string block_member(std::string_view key, const Json& value, std::size_t indent, std::string_view eol) {
  std::string out(indent, ' ');
  add_member(out, key, value, indent, eol);
  return out;
}

std::string block_item(const Json& value, std::size_t indent, std::string_view eol) {
  std::string out;
  add_item(out, value, indent, eol);
  return out;
}

std::string flow_value(const Json& value, const FlowLayout& layout) {
  if (!layout.lines) return dump(value);
  const std::string lines = dump(value, static_cast<int>(layout.step.size()), layout.step.front());
  std::string out;
  for (const char c : lines) {
    if (c == '\n') {
      out.append(layout.eol).append(layout.indent);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace holdfast::kubernetes
