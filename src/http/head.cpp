#include "http/head.h"

namespace holdfast::http {

std::string_view RequestHead::path() const noexcept {
  const std::string_view all = text(path_and_query);
  if (asterisk_form) return "*";
  if (all.empty() || all.front() == '?') return "/";
  return all.substr(0, all.find('?'));
}

std::string_view RequestHead::query() const noexcept {
  const std::string_view all = text(path_and_query);
  const std::size_t mark = all.find('?');
  return mark == std::string_view::npos ? std::string_view() : all.substr(mark + 1);
}

}  // namespace holdfast::http
