#include "kubernetes/diff.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace holdfast::kubernetes {
namespace {

using Lines = std::vector<std::string_view>;

constexpr std::ptrdiff_t context = 3;
constexpr std::ptrdiff_t most_steps = 2000;  // memory grows with its square; beyond, all lines count as changed

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t feed = text.find('\n');
    const std::size_t size = feed == std::string_view::npos ? text.size() : feed + 1;
    lines.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

// One line of the result.
struct Step {
  char kind;  // ' ', '-' or '+'
  std::size_t a;
  std::size_t b;
};

std::string_view at(const Lines& lines, std::ptrdiff_t i) { return lines[static_cast<std::size_t>(i)]; }

// The furthest reaching paths of each number of edits, for the way back.
std::vector<std::vector<std::ptrdiff_t>> paths(const Lines& a, const Lines& b) {
  const auto n = static_cast<std::ptrdiff_t>(a.size());
  const auto m = static_cast<std::ptrdiff_t>(b.size());
  const std::ptrdiff_t most = std::min(n + m, most_steps);
  std::vector<std::ptrdiff_t> reach(static_cast<std::size_t>(2 * most + 3), 0);
  const auto slot = [most](std::ptrdiff_t k) { return static_cast<std::size_t>(k + most + 1); };
  std::vector<std::vector<std::ptrdiff_t>> trace;
  for (std::ptrdiff_t d = 0; d <= most; ++d) {
    for (std::ptrdiff_t k = -d; k <= d; k += 2) {
      const bool down = k == -d || (k != d && reach[slot(k - 1)] < reach[slot(k + 1)]);
      std::ptrdiff_t x = down ? reach[slot(k + 1)] : reach[slot(k - 1)] + 1;
      while (x < n && x - k < m && x - k >= 0 && at(a, x) == at(b, x - k)) ++x;
      reach[slot(k)] = x;
      if (x < n || x - k < m) continue;
      trace.emplace_back(reach.begin() + (most + 1 - d), reach.begin() + (most + 2 + d));
      return trace;
    }
    trace.emplace_back(reach.begin() + (most + 1 - d), reach.begin() + (most + 2 + d));
  }
  return {};
}

std::vector<Step> all_changed(std::size_t n, std::size_t m) {
  std::vector<Step> steps;
  steps.reserve(n + m);
  for (std::size_t i = 0; i < n; ++i) steps.push_back({'-', i, 0});
  for (std::size_t i = 0; i < m; ++i) steps.push_back({'+', n, i});
  return steps;
}

std::vector<Step> steps_of(const Lines& a, const Lines& b) {
  const auto trace = paths(a, b);
  if (trace.empty()) return all_changed(a.size(), b.size());
  std::vector<Step> steps;
  auto x = static_cast<std::ptrdiff_t>(a.size());
  auto y = static_cast<std::ptrdiff_t>(b.size());
  const auto add = [&steps, &x, &y](char kind) {
    steps.push_back({kind, static_cast<std::size_t>(x), static_cast<std::size_t>(y)});
  };
  for (auto d = static_cast<std::ptrdiff_t>(trace.size()) - 1; d > 0; --d) {
    const auto& before = trace[static_cast<std::size_t>(d - 1)];
    const auto reach = [&before, d](std::ptrdiff_t k) { return before[static_cast<std::size_t>(k + d - 1)]; };
    const std::ptrdiff_t k = x - y;
    const bool down = k == -d || (k != d && reach(k - 1) < reach(k + 1));
    const std::ptrdiff_t from_x = down ? reach(k + 1) : reach(k - 1);
    const std::ptrdiff_t from_y = from_x - (down ? k + 1 : k - 1);
    while (x > from_x + (down ? 0 : 1) && y > from_y + (down ? 1 : 0)) {
      --x;
      --y;
      add(' ');
    }
    down ? --y : --x;
    add(down ? '+' : '-');
  }
  while (x > 0) {
    --x;
    --y;
    add(' ');
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

// The lines of each document. Injections leave the number of documents alone, so each is compared with its own.
std::vector<Lines> documents_of(std::string_view text) {
  std::vector<Lines> documents(1);
  for (const std::string_view line : lines_of(text)) {
    if (line.starts_with("---")) documents.emplace_back();
    documents.back().push_back(line);
  }
  return documents;
}

std::vector<Step> steps_by_document(std::string_view before, std::string_view after) {
  const std::vector<Lines> a = documents_of(before);
  const std::vector<Lines> b = documents_of(after);
  if (a.size() != b.size()) return steps_of(lines_of(before), lines_of(after));
  std::vector<Step> all;
  std::size_t in_a = 0;
  std::size_t in_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (const Step& step : steps_of(a[i], b[i])) all.push_back({step.kind, in_a + step.a, in_b + step.b});
    in_a += a[i].size();
    in_b += b[i].size();
  }
  return all;
}

void add_range(std::string& out, char sign, std::size_t first, std::size_t count) {
  out += sign;
  out += std::to_string(count == 0 ? first : first + 1);
  if (count != 1) out += "," + std::to_string(count);
}

void add_hunk(std::string& out, const std::vector<Step>& steps, std::size_t from, std::size_t to, const Lines& a,
              const Lines& b) {
  std::size_t old_lines = 0;
  std::size_t new_lines = 0;
  for (std::size_t i = from; i < to; ++i) {
    old_lines += steps[i].kind == '+' ? std::size_t{0} : 1;
    new_lines += steps[i].kind == '-' ? std::size_t{0} : 1;
  }
  out += "@@ ";
  add_range(out, '-', steps[from].a, old_lines);
  out += ' ';
  add_range(out, '+', steps[from].b, new_lines);
  out += " @@\n";
  for (std::size_t i = from; i < to; ++i) {
    const std::string_view line = steps[i].kind == '+' ? b[steps[i].b] : a[steps[i].a];
    out.append(1, steps[i].kind).append(line);
    if (!line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
  }
}

}  // namespace

std::string unified_diff(std::string_view name, std::string_view before, std::string_view after) {
  if (before == after) return {};
  const Lines a = lines_of(before);
  const Lines b = lines_of(after);
  const std::vector<Step> steps = steps_by_document(before, after);
  std::string out = "--- a/" + std::string(name) + "\n+++ b/" + std::string(name) + "\n";
  const auto count = static_cast<std::ptrdiff_t>(steps.size());
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    if (steps[static_cast<std::size_t>(i)].kind == ' ') continue;
    const std::ptrdiff_t from = std::max<std::ptrdiff_t>(0, i - context);
    std::ptrdiff_t last = i;
    for (std::ptrdiff_t j = i; j < count && j <= last + 2 * context; ++j) {
      if (steps[static_cast<std::size_t>(j)].kind != ' ') last = j;
    }
    const std::ptrdiff_t to = std::min(count, last + context + 1);
    add_hunk(out, steps, static_cast<std::size_t>(from), static_cast<std::size_t>(to), a, b);
    i = to - 1;
  }
  return out;
}

}  // namespace holdfast::kubernetes
