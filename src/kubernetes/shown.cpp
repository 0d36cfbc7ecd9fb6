#include "kubernetes/shown.h"

namespace holdfast::kubernetes {

std::string shown(std::string_view text) {
  constexpr std::size_t longest = 128;
  if (text.size() <= longest) return std::string(text);
  const auto is_inside = [text](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U; };
  std::size_t end = longest;
  while (end > 0 && is_inside(end)) --end;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace holdfast::kubernetes
