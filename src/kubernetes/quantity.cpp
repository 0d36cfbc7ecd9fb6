#include "kubernetes/quantity.h"

#include <array>
#include <charconv>

#include "core/bytes.h"

namespace holdfast::kubernetes {
namespace {

struct Suffix {
  std::string_view text;
  double factor;  // in thousandths
};
constexpr std::array suffixes{
    Suffix{"", 1e3},
    Suffix{"m", 1},
    Suffix{"k", 1e6},
    Suffix{"M", 1e9},
    Suffix{"G", 1e12},
    Suffix{"T", 1e15},
    Suffix{"Ki", 1e3 * 1024.0},
    Suffix{"Mi", 1e3 * 1048576.0},
    Suffix{"Gi", 1e3 * 1073741824.0},
    Suffix{"Ti", 1e3 * 1099511627776.0},
};

}  // namespace

std::optional<double> quantity_of(std::string_view text) {
  constexpr double largest = 9007199254740992.0;
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  const std::size_t end = text.find_first_not_of("0123456789.");
  const std::string_view digits = text.substr(0, end);
  double number = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || stop != digits.data() + digits.size()) return std::nullopt;
  const std::string_view suffix = end == std::string_view::npos ? std::string_view() : text.substr(end);
  for (const Suffix& one : suffixes) {
    if (one.text != suffix) continue;
    const double value = number * one.factor;
    return value <= largest ? std::optional(value) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace holdfast::kubernetes
