#include "http/field_filter.h"

namespace holdfast::http {
namespace {

// Without regard to case on either side.
bool same_name(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace

// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): only the names that are counted are read
FieldFilter::FieldFilter(const Head& head, FieldSet drop, std::uint8_t marks, FieldSet kept) noexcept
    : head_(head), drop_(drop), kept_(kept), marks_(marks) {
  if (!head.nominates) return;
  for (const Field& f : head.fields) {
    if (f.id != FieldId::connection) continue;
    std::string_view list = head.value(f);
    for (std::string_view option = next_member(list); !option.empty(); option = next_member(list)) {
      if (!is_plain_option(option) && count_ < names_.size()) names_[count_++] = {option.data(), option.size()};
    }
  }
}

bool FieldFilter::nominated(const Field& f) const noexcept {
  if (kept_.has(f.id) || (f.marks & mark_request_id) != 0) return false;
  const std::string_view name = head_.name(f);
  for (std::size_t i = 0; i < count_; ++i) {
    if (same_name(name, {names_[i].name, names_[i].size})) return true;
  }
  return false;
}

char* FieldFilter::copy(char* out) const noexcept {
  const auto passes = [this, drop = drop_, marks = marks_, nominates = count_ != 0](const Field& f) {
    return !drop.has(f.id) && (f.marks & marks) == 0 && !(nominates && nominated(f));
  };
  const Field* const end = head_.fields.end();
  for (const Field* at = head_.fields.begin(); at != end; ++at) {
    if (!passes(*at)) continue;
    const Field* const run = at;
    do ++at;
    while (at != end && passes(*at));
    const std::uint32_t behind = at == end ? head_.size - 2 : at->name;
    out = write_text(out, {head_.base() + run->name, behind - run->name});
    if (at == end) break;
  }
  return out;
}

}  // namespace holdfast::http
