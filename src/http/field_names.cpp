#include "http/field_names.h"

#include <algorithm>

namespace holdfast::http {
namespace {

constexpr std::size_t name_count = static_cast<std::size_t>(FieldId::count_);

// In the order of FieldId.
constexpr std::array<std::string_view, name_count> names{
    "",
    "accept-encoding",
    "authorization",
    "cache-control",
    "close",
    "connection",
    "content-digest",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "digest",
    "etag",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "last-modified",
    "max-forwards",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "repr-digest",
    "retry-after",
    "server",
    "set-cookie",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "www-authenticate",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
};
static_assert(names.back() == "x-forwarded-proto");
static_assert(names[static_cast<std::size_t>(FieldId::host)] == "host");
static_assert(names[static_cast<std::size_t>(FieldId::te)] == "te");

}  // namespace

FieldId fixed_field_id(std::string_view name) noexcept {
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (equals_lower(name, names[i])) return static_cast<FieldId>(i);
  }
  return FieldId::other;
}

FieldNames::FieldNames() {
  entries_.reserve(2 * name_count);
  for (std::size_t i = 1; i < names.size(); ++i) insert(names[i], {static_cast<FieldId>(i), 0});
}

void FieldNames::mark(std::string_view name, FieldMark mark) {
  if (name.empty()) return;
  const Key key = key_of(load_up_to<Bytes16>(name.data(), name.data() + name.size()), name.size());
  for (Entry& e : entries_) {
    if (e.size != name.size() || e.key.low != key.low || e.key.high != key.high) continue;
    if (name.size() > 16 && !equals_lower(name.substr(16), e.rest)) continue;
    e.is.marks = static_cast<std::uint8_t>(e.is.marks | mark);
    return;
  }
  insert(name, {FieldId::other, mark});
}

NameClass FieldNames::classify(std::string_view name, Bytes16 first) const noexcept {
  const Key key = key_of(first, name.size());
  for (std::size_t slot = slot_of(key, name.size());; ++slot) {
    const std::uint16_t n = slots_[slot & mask_];
    if (n == empty) return {};
    const Entry& e = entries_[n];
    if (e.size != name.size() || e.key.low != key.low || e.key.high != key.high) continue;
    if (name.size() <= 16 || equals_lower(name.substr(16), e.rest)) return e.is;
  }
}

void FieldNames::insert(std::string_view name, NameClass is) {
  Entry e;
  e.key = key_of(load_up_to<Bytes16>(name.data(), name.data() + name.size()), name.size());
  e.size = name.size();
  e.is = is;
  if (name.size() > 16) e.rest = name.substr(16);
  std::transform(e.rest.begin(), e.rest.end(), e.rest.begin(), lower);
  entries_.push_back(std::move(e));
  place_all();
}

void FieldNames::place_all() {
  slots_.assign(std::bit_ceil(entries_.size() * 4), empty);
  mask_ = slots_.size() - 1;
  for (std::size_t n = 0; n < entries_.size(); ++n) {
    std::size_t slot = slot_of(entries_[n].key, entries_[n].size);
    while (slots_[slot & mask_] != empty) ++slot;
    slots_[slot & mask_] = static_cast<std::uint16_t>(n);
  }
}

}  // namespace holdfast::http
