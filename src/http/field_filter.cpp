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

FieldFilter::FieldFilter(const Head& head, FieldSet drop, std::uint8_t marks, FieldSet kept) noexcept
    : head_(head), drop_(drop), kept_(kept), marks_(marks) {
  if (!head.nominates) return;
  for (const Field& f : head.fields) {
    if (f.id != FieldId::connection) continue;
    std::string_view list = head.value(f);
    for (std::string_view option = next_member(list); !option.empty(); option = next_member(list)) {
      if (!is_plain_option(option) && count_ < names_.size()) names_[count_++] = option;
    }
  }
}

bool FieldFilter::nominated(const Field& f) const noexcept {
  if (kept_.has(f.id) || (f.marks & mark_request_id) != 0) return false;
  const std::string_view name = head_.name(f);
  for (std::size_t i = 0; i < count_; ++i) {
    if (same_name(name, names_[i])) return true;
  }
  return false;
}

char* FieldFilter::copy(char* out) const noexcept {
  const std::size_t count = head_.fields.size();
  std::size_t from = count;  // first field of the run that is open; `count` when there is none
  for (std::size_t i = 0; i <= count; ++i) {
    const bool pass = i < count && passes(head_.fields[i]);
    if (pass && from == count) from = i;
    if (pass || from == count) continue;
    const std::uint32_t begin = line_begin(head_, from);
    out = write_text(out, {head_.base() + begin, line_begin(head_, i) - begin});
    from = count;
  }
  return out;
}

}  // namespace holdfast::http
