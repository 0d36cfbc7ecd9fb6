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

constexpr std::size_t most_name_bytes = 0xffff;  // the parser refuses longer ones

// Without an id; trailers.cpp has the rest of what must not be a trailer.
constexpr std::array<std::string_view, 16> no_trailers{
    "accept",   "age",      "allow",  "alt-svc", "clear-site-data", "expires", "http2-settings",
    "location", "origin",   "pragma", "range",   "referer",         "refresh", "strict-transport-security",
    "vary",     "x-real-ip"};

}  // namespace

FieldNames::FieldNames() {
  names_.reserve(2 * name_count);
  for (std::size_t i = 1; i < names.size(); ++i)
    names_.push_back({std::string(names[i]), {static_cast<FieldId>(i), 0}});
  for (const std::string_view name : no_trailers)
    names_.push_back({std::string(name), {FieldId::other, mark_no_trailer}});
  place_all();
}

void FieldNames::mark(std::string_view name, FieldMark mark) {
  if (name.empty() || name.size() > most_name_bytes) return;
  std::string lowered(name);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower);
  auto known = std::find_if(names_.begin(), names_.end(), [&](const Name& one) { return one.text == lowered; });
  if (known == names_.end()) known = names_.insert(known, {std::move(lowered), {}});
  known->is.marks = static_cast<std::uint8_t>(known->is.marks | mark);
  place_all();
}

NameClass FieldNames::classify(std::string_view name) const noexcept {
  for (const Slot* slot = slot_of(name.data(), name.size()); slot->size != 0; ++slot) {
    if (equals_lower(name, names_[slot->name].text)) return slot->is;
  }
  return {};
}

FieldNames::Key FieldNames::key_of(std::string_view lowered) noexcept {
  Key key;
  for (std::size_t i = 0; i < lowered.size() && i < key.bytes.size(); ++i) {
    key.bytes[i] = lowered[i];
    key.beyond &= ~(1U << i);
  }
  return key;
}

// Behind the slots that hashing leads to there is room for the names that find their place taken, and an empty one.
void FieldNames::place_all() {
  const std::size_t count = std::bit_ceil(names_.size() * 4);
  shift_ = 64 - std::countr_zero(count);
  slots_.assign(count + names_.size() + 1, Slot{});
  for (std::size_t n = 0; n < names_.size(); ++n) {
    const std::string_view text = names_[n].text;
    Slot* slot = slots_.data() + (slot_of(text.data(), text.size()) - slots_.data());
    while (slot->size != 0) ++slot;
    *slot = {.begin = key_of(text.substr(0, 16)),
             .rest = key_of(text.substr(std::min<std::size_t>(16, text.size()))),
             .size = static_cast<std::uint16_t>(text.size()),
             .name = static_cast<std::uint16_t>(n),
             .is = names_[n].is};
  }
}

}  // namespace holdfast::http
