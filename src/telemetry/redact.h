// redact: takes the values of listed names out of texts before anything renders them; the names stay, the values become
// `[redacted]`.
//
// Works on whatever bytes come, broken input included: where the end of a value is in doubt, more is removed, never
// less.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::telemetry {

inline constexpr std::string_view redacted = "[redacted]";

// Names whose values are secret; compared without regard to case.
class NameSet {
 public:
  NameSet() = default;
  explicit NameSet(const std::vector<std::string>& names);

  // `folded` is in lower case.
  bool contains(std::string_view folded) const noexcept {
    if (folded.size() > longest_ || (sizes_ & size_bit(folded.size())) == 0) return false;
    return find(folded);
  }
  std::size_t longest() const noexcept { return longest_; }
  bool empty() const noexcept { return names_.empty(); }

 private:
  static constexpr std::uint64_t size_bit(std::size_t size) noexcept { return std::uint64_t{1} << (size & 63U); }
  bool find(std::string_view folded) const noexcept;

  std::vector<std::string> names_;
  std::uint64_t sizes_ = 0;
  std::size_t longest_ = 0;
};

// Longest name that is looked for; longer ones in a configuration are an error there.
inline constexpr std::size_t redact_name_max = 128;

// Writes `target` (path, or path?query) with the values of `names` in the query replaced, at most `room` bytes, cut
// with `…`. Names are percent-decoded and folded before they are compared; `&` and `;` separate, but a secret value
// ends only at `&`. Returns the end. `room` ≥ 16.
char* redact_query(std::string_view target, const NameSet& names, char* out, std::size_t room) noexcept;

// Appends `text` (JSON, a log message, a form, whatever an app put in an error) to `out` with the values of `names`
// replaced, in
// `"name": value`, `name=value` and `name: value`, and what follows `Bearer` or `Basic`.
void redact_json(std::string_view text, const NameSet& names, std::string& out);

}  // namespace holdfast::telemetry
