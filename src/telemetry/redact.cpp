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
    cut_ = !fits(text.size());
    cursor_ = write_text(cursor_, text.substr(0, static_cast<std::size_t>(limit_ - cursor_)));
    if (cut_) cursor_ = write_text(cursor_, cut_mark);
  }
  // Whether text of that size fits: not when something was cut before.
  bool fits(std::size_t size) const noexcept { return !cut_ && size <= static_cast<std::size_t>(limit_ - cursor_); }
  char* end() const noexcept { return cursor_; }

 private:
  char* cursor_;
  char* limit_;
  bool cut_ = false;
};

constexpr bool ends_value(char c) noexcept { return c == '&' || c == ';' || c == '?' || c == '#'; }

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
  std::size_t shown = 0;  // what stands before is in `text`
  std::size_t at = query;
  while (at < target.size() && text.fits(at - shown)) {
    const std::size_t name = ++at;  // behind a separator; `?` and `#` too, for a target inside a value
    while (at < target.size() && target[at] != '=' && !ends_value(target[at])) ++at;
    if (at == target.size() || target[at] != '=') continue;
    if (is_listed(target.substr(name, at - name), names)) {
      text.put(target.substr(shown, at + 1 - shown));
      text.put(redacted);
      at = shown = std::min(target.find('&', at), target.size());
    } else {
      while (at < target.size() && !ends_value(target[at])) ++at;
    }
  }
  text.put(target.substr(shown));
  return text.end();
}

}  // namespace holdfast::telemetry
