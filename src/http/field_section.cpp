// field_section: the loop over the field lines of a head. Declared in h1_parser.h.
//
// A line that arrives in pieces is read again only when its line end is there (or the limit is reached), so that many
// small pieces cost no more than one large one.
#include <algorithm>
#include <bit>
#include <cstring>

#include "http/field_line.h"
#include "http/h1_parser.h"

namespace holdfast::http {

Progress FieldSection::broken(const char* rule, std::uint32_t at) noexcept {
  rule_ = rule;
  at_ = at;
  return Progress::failed;
}

bool FieldSection::waits_for_line_end(const char* data, std::uint32_t end) noexcept {
  if (scanned_ <= at_ || end >= limits_->head_bytes || data[scanned_ - 1] == '\r') return false;
  const bool none = end <= scanned_ || std::memchr(data + scanned_, '\n', end - scanned_) == nullptr;
  scanned_ = none ? end : 0;
  return none;
}

// A line that is not a common field line. `done`: `field` and `next` are filled, or the section ended and `next` is 0.
Progress FieldSection::read_other_line(const char* data, std::uint32_t end, Field& field,
                                       std::uint32_t& next) noexcept {
  FieldLine line;
  switch (read_field_line(data, at_, end, *names_, line)) {
    case Line::field:
      field = line.field;
      next = line.next;
      return Progress::done;
    case Line::end: at_ = line.next; return Progress::done;
    case Line::incomplete:
      if (end >= limits_->head_bytes) return Progress::failed;
      scanned_ = end;
      return Progress::need_more;
    case Line::broken: break;
  }
  return broken(line.rule, line.at);
}

// Takes into account what the fields from number `from` on say of framing and connection. `looked`: bit i for the field
// `from` + i.
bool FieldSection::look_at(const char* data, std::uint64_t looked, std::size_t from, const Head& head) noexcept {
  for (; looked != 0; looked &= looked - 1) {
    const Field& f = head.fields[from + static_cast<std::size_t>(std::countr_zero(looked))];
    const char* rule = rules_.add(f.id, {data + f.value, f.value_size});
    if (rule == nullptr) continue;
    broken(rule, f.name);
    return false;
  }
  return true;
}

// Reads common lines: `done` behind the empty line, `failed` when a field breaks a rule, `need_more` when another kind
// of line follows or a batch is full. In two loops that call nothing, so that what they need stays in registers:
// measured, tests/bench/http_heads.
Progress FieldSection::read_common_lines(const char* data, std::uint32_t end, Head& head) {
  constexpr std::size_t batch = 32;
  const std::size_t from = head.fields.size();
  const std::size_t room = std::min<std::size_t>(batch, limits_->fields - std::min<std::size_t>(limits_->fields, from));
  Field* const fields = head.fields.room(room);
  Field* const last = fields + room;
  Field* field = fields;
  const char* at = data + at_;
  const char* const stop = data + end;
  for (LineEnds ends(at, stop); field != last && stop - at >= 16; ++field) {
    const char* const line_end = ends.next(at);
    if (stop - line_end < 2 || std::memcmp(line_end, "\r\n", 2) != 0) break;
    if (!read_common_line(data, at, line_end, stop, *field)) break;
    ends.skip();
    at = line_end + 2;
  }
  const auto count = static_cast<std::size_t>(field - fields);
  at_ = static_cast<std::uint32_t>(at - data);
  full_ = count == batch;
  head.fields.add(count);
  if (!look_at(data, classify(data, {fields, count}, head), from, head)) return Progress::failed;
  if (stop - at < 2 || std::memcmp(at, "\r\n", 2) != 0) return Progress::need_more;
  at_ += 2;
  return Progress::done;
}

// Fills in what kind of name each of at most 64 fields has; returns a bit for each that the rules look at.
std::uint64_t FieldSection::classify(const char* data, std::span<Field> fields, Head& head) const noexcept {
  std::uint64_t present = 0;
  std::uint64_t looked = 0;
  unsigned marks = 0;
  std::uint64_t bit = 1;
  for (Field& f : fields) {
    const NameClass is = names_->classify_common(data + f.name, f.name_size);
    f.id = is.id;
    f.marks = is.marks;
    const std::uint64_t id = std::uint64_t{1} << static_cast<unsigned>(is.id);
    present |= id;
    marks |= is.marks;
    if ((id & HeadRules::looked_at.bits) != 0) looked |= bit;
    bit += bit;
  }
  head.present.bits |= present;
  head.marks = static_cast<std::uint8_t>(head.marks | marks);
  return looked;
}

// Keeps one field of another line.
bool FieldSection::take(const char* data, const Field& f, Head& head) {
  if (head.fields.size() >= limits_->fields) {
    too_many_ = true;
    return false;
  }
  const std::size_t from = head.fields.size();
  head.fields.push_back(f);
  head.present.add(f.id);
  head.marks = static_cast<std::uint8_t>(head.marks | f.marks);
  return look_at(data, HeadRules::looked_at.has(f.id) ? 1 : 0, from, head);
}

Progress FieldSection::read(const char* data, std::uint32_t end, Head& head) {
  if (waits_for_line_end(data, end)) return Progress::need_more;
  while (true) {
    const Progress common = read_common_lines(data, end, head);
    if (common != Progress::need_more) return common;
    if (full_) continue;
    Field field;
    std::uint32_t next = 0;
    const Progress other = read_other_line(data, end, field, next);
    if (next == 0) return other;
    at_ = next;
    if (!take(data, field, head)) return Progress::failed;
  }
}

}  // namespace holdfast::http
