// pretty: a reader of our own JSON lines and a writer of short text lines.
#include "telemetry/pretty.h"

#include <algorithm>
#include <array>

namespace holdfast::telemetry {
namespace {

constexpr std::size_t room = 128U << 10U;  // twice a block of lines

struct Member {
  std::string_view name;   // without quotes
  std::string_view value;  // as written
};

// Size of the JSON string at the front of `text`, quotes included; 0 when it does not end.
std::size_t string_size(std::string_view text) noexcept {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return 0;
}

std::size_t value_size(std::string_view text) noexcept {
  if (text.empty()) return 0;
  if (text[0] == '"') return string_size(text);
  if (text[0] != '{') return std::min(text.find_first_of(",}"), text.size());
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      const std::size_t size = string_size(text.substr(i));
      if (size == 0) return 0;
      i += size - 1;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return 0;
}

// Takes the next member from `text`, which is the inside of an object; false at its end, or when it is none of ours.
bool next_member(std::string_view& text, Member& member) noexcept {
  if (!text.empty() && text[0] == ',') text.remove_prefix(1);
  if (text.empty() || text[0] != '"') return false;
  const std::size_t name = string_size(text);
  if (name == 0 || name >= text.size() || text[name] != ':') return false;
  const std::size_t value = value_size(text.substr(name + 1));
  if (value == 0) return false;
  member = {text.substr(1, name - 2), text.substr(name + 1, value)};
  text.remove_prefix(name + 1 + value);
  return true;
}

std::string_view inside(std::string_view value) noexcept {
  return value.size() < 2 ? value : value.substr(1, value.size() - 2);
}

bool is_plain(std::string_view value) noexcept {
  return value.size() > 2 && value[0] == '"' && value.find(' ') == std::string_view::npos;
}

void put_field(std::string& out, std::string_view prefix, const Member& member) {
  if (member.value[0] == '{') {
    std::string_view rest = inside(member.value);
    Member inner;
    while (next_member(rest, inner)) put_field(out, member.name, inner);
    return;
  }
  out += ' ';
  if (!prefix.empty()) out.append(prefix) += '.';
  out.append(member.name) += '=';
  out.append(is_plain(member.value) ? inside(member.value) : member.value);
}

std::string_view color_of(std::string_view level) noexcept {
  if (level == "error") return "\033[31m";
  if (level == "warn") return "\033[33m";
  if (level == "info") return "\033[32m";
  return "\033[2m";
}

std::string_view shown_level(std::string_view level) noexcept {
  if (level == "error") return "ERROR";
  if (level == "warn") return "WARN ";
  if (level == "info") return "INFO ";
  if (level == "debug") return "DEBUG";
  return "TRACE";
}

// Members that stand at the front of a text line, in the order in which they are shown there.
enum Front : std::size_t { ts, level, area, msg, method, path, status, reason, front_count };
constexpr std::array<std::string_view, front_count> front_names{"ts",     "level", "area",   "msg",
                                                                "method", "path",  "status", "reason"};

struct Line {
  std::array<std::string_view, front_count> front{};
};

bool read_line(std::string_view json, Line& line, std::string& fields) {
  if (json.size() < 2 || json.front() != '{' || json.back() != '}') return false;
  std::string_view rest = inside(json);
  Member member;
  while (next_member(rest, member)) {
    std::size_t at = 0;
    while (at < front_count && front_names[at] != member.name) ++at;
    if (at < front_count) {
      line.front[at] = member.value[0] == '"' ? inside(member.value) : member.value;
    } else {
      put_field(fields, {}, member);
    }
  }
  return rest.empty() && line.front[ts].size() >= 23;
}

}  // namespace

// As text a block of lines is hardly longer than as JSON, so nothing grows when it is written.
PrettyLines::PrettyLines(bool color) : color_(color) {
  out_.reserve(room);
  fields_.reserve(room);
}

std::string_view PrettyLines::render(std::string_view json_lines) {
  out_.clear();
  while (!json_lines.empty()) {
    const std::size_t end = std::min(json_lines.find('\n'), json_lines.size());
    render_line(json_lines.substr(0, end));
    json_lines.remove_prefix(std::min(end + 1, json_lines.size()));
  }
  return out_;
}

void PrettyLines::render_line(std::string_view json) {
  Line line;
  fields_.clear();
  if (!read_line(json, line, fields_)) {
    out_.append(json) += '\n';
    return;
  }
  out_.append(line.front[ts].substr(11, 12)) += ' ';  // hours to milliseconds
  if (color_) out_.append(color_of(line.front[level]));
  out_.append(shown_level(line.front[level]));
  if (color_) out_.append("\033[0m");
  const bool is_request = line.front[msg] == "request";
  if (!is_request) out_.append(" ").append(line.front[msg]);
  if (!line.front[area].empty()) out_.append(" [").append(line.front[area]).append("]");
  for (std::size_t i = method; i < front_count; ++i) {
    if (!line.front[i].empty()) out_.append(" ").append(line.front[i]);
  }
  out_.append(fields_) += '\n';
}

}  // namespace holdfast::telemetry
