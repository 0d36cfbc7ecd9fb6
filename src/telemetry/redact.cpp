// redact: name sets and query strings. Free text is in redact_text.cpp.
#include "telemetry/redact.h"

#include <algorithm>
#include <array>

#include "core/bytes.h"

namespace holdfast::telemetry {
namespace {

constexpr std::string_view cut_mark = "…";

// Appends until the room is used up; then `…`, and nothing more.
class BoundedText {
 public:
  BoundedText(char* out, std::size_t room) noexcept
      : cursor_(out), limit_(out + (room - std::min(room, cut_mark.size()))) {}

  void put(std::string_view text) noexcept {
    if (cut_) return;
    const std::size_t left = static_cast<std::size_t>(limit_ - cursor_);
    cut_ = text.size() > left;
    cursor_ = write_text(cursor_, text.substr(0, left));
    if (cut_) cursor_ = write_text(cursor_, cut_mark);
  }
  bool cut() const noexcept { return cut_; }
  char* end() const noexcept { return cursor_; }

 private:
  char* cursor_;
  char* limit_;
  bool cut_ = false;
};

// Whether a name as written in a query is one of `names` after decoding. A name that decodes to more than the longest
// is none.
bool is_listed(std::string_view name, const NameSet& names) noexcept {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): only what is written is read
  std::array<char, redact_name_max> folded;
  std::size_t size = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (size == names.longest()) return false;
    char c = name[i] == '+' ? ' ' : name[i];
    if (c == '%' && i + 2 < name.size() && hex_value(name[i + 1]) >= 0 && hex_value(name[i + 2]) >= 0) {
      c = static_cast<char>(hex_value(name[i + 1]) * 16 + hex_value(name[i + 2]));
      i += 2;
    }
    folded[size++] = lower(c);
  }
  return names.contains({folded.data(), size});
}

}  // namespace

NameSet::NameSet(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name.empty() || name.size() > redact_name_max) continue;
    std::string folded = name;
    std::transform(folded.begin(), folded.end(), folded.begin(), [](char c) { return lower(c); });
    sizes_ |= size_bit(folded.size());
    longest_ = std::max(longest_, folded.size());
    names_.push_back(std::move(folded));
  }
}

bool NameSet::find(std::string_view folded) const noexcept {
  return std::find(names_.begin(), names_.end(), folded) != names_.end();
}

char* redact_query(std::string_view target, const NameSet& names, char* out, std::size_t room) noexcept {
  BoundedText text(out, room);
  const std::size_t query = target.find('?');
  if (query == std::string_view::npos || names.empty()) {
    text.put(target);
    return text.end();
  }
  text.put(target.substr(0, query));
  std::size_t at = query;
  while (at < target.size() && !text.cut()) {  // at a separator; `?` and `#` too, for a target inside a value
    text.put(target.substr(at, 1));
    const std::size_t name_end = std::min(target.find_first_of("=&;?#", at + 1), target.size());
    const std::string_view name = target.substr(at + 1, name_end - at - 1);
    text.put(name);
    at = name_end;
    if (at == target.size() || target[at] != '=') continue;
    const bool secret = is_listed(name, names);
    const std::size_t value_end = std::min(target.find_first_of(secret ? "&" : "&;?#", at), target.size());
    text.put(secret ? "=" : target.substr(at, value_end - at));
    if (secret) text.put(redacted);
    at = value_end;
  }
  return text.end();
}

}  // namespace holdfast::telemetry
