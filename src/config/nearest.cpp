// did-you-mean by optimal string alignment distance.
#include "config/nearest.h"

#include <algorithm>

#include "core/bytes.h"

namespace holdfast::config {
namespace {

constexpr std::size_t longest_compared = 64;  // the cost is quadratic, and no key is longer

std::string folded(std::string_view word) {
  std::string text;
  for (const char c : word) {
    if (c != '_' && c != '-' && c != '.') text += lower(c);
  }
  return text;
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + changed});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string> known) {
  if (word.empty() || word.size() > longest_compared) return {};
  const std::string wanted = folded(word);
  if (wanted.empty()) return {};
  std::string best;
  std::size_t best_distance = wanted.size() <= 4 ? 2 : 3;  // exclusive: one edit for short words, two for others
  for (const std::string& candidate : known) {
    const std::string other = folded(candidate);
    if (other.size() > longest_compared) continue;
    const std::size_t d = distance(wanted, other);
    if (d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

}  // namespace holdfast::config
