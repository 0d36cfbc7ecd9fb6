// field_filter: which received fields go on, and the copying of those that do.
//
// Fields that stay are copied as the bytes they were received as, in runs: a head from which nothing is removed is one
// copy.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/bytes.h"
#include "http/forwarding.h"
#include "http/head.h"
#include "http/head_rules.h"

namespace holdfast::http {

constexpr FieldSet set_of(std::initializer_list<FieldId> ids) noexcept {
  FieldSet s;
  for (const FieldId id : ids) s.add(id);
  return s;
}
constexpr FieldSet united(FieldSet a, FieldSet b) noexcept { return {a.bits | b.bits}; }

class FieldFilter {
  struct Nominated {
    const char* name;
    std::size_t size;
  };

 public:
  // Fields in `drop` and fields with a mark in `marks` stay behind, and what the head's Connection fields name unless
  // it is in `kept` or is a request id (RFC 9110 7.6.1).
  FieldFilter(const Head& head, FieldSet drop, std::uint8_t marks, FieldSet kept) noexcept;

  // Copies the lines of all fields that pass; returns the end.
  char* copy(char* out) const noexcept;

 private:
  bool nominated(const Field& f) const noexcept;

  const Head& head_;
  FieldSet drop_;
  FieldSet kept_;
  std::uint8_t marks_;
  std::uint8_t count_ = 0;
  // Of the first `count_` only; the rest is not written, because this is made twice per exchange.
  std::array<Nominated, most_nominations> names_;
};

inline char* write_field(char* out, std::string_view name, std::string_view value) noexcept {
  out = write_text(out, name);
  out = write_text(out, ": ");
  out = write_text(out, value);
  return write_text(out, "\r\n");
}
inline char* write_fields(char* out, std::span<const AddedField> fields) noexcept {
  for (const AddedField& f : fields) out = write_field(out, f.name, f.value);
  return out;
}
inline std::size_t size_of_fields(std::span<const AddedField> fields) noexcept {
  std::size_t size = 0;
  for (const AddedField& f : fields) size += f.name.size() + f.value.size() + 4;
  return size;
}

inline constexpr std::size_t framing_bound = 40;  // `Transfer-Encoding: chunked`, or Content-Length with 20 digits
inline char* write_framing(char* out, const OutFraming& f) noexcept {
  if (f.framing == Framing::chunked) return write_text(out, "Transfer-Encoding: chunked\r\n");
  if (f.framing != Framing::length && !f.announce_length) return out;
  out = write_text(out, "Content-Length: ");
  out = write_decimal(out, f.length);
  return write_text(out, "\r\n");
}

}  // namespace holdfast::http
