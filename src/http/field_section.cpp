// field_section: the loop over the field lines of a head. Declared in h1_parser.h.
//
// A line that arrives in pieces is read again only when its line end is there (or the limit is reached), so that many
// small pieces cost no more than one large one.
#include <array>
#include <cstring>
#include <span>

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

// Checks and keeps fields that have been read.
bool FieldSection::take(const char* data, std::span<const Field> fields, Head& head) {
  for (const Field& f : fields) {
    if (head.fields.size() >= limits_->fields) {
      too_many_ = true;
      return false;
    }
    if (HeadRules::looked_at.has(f.id)) {
      const char* rule = rules_.add(f.id, {data + f.value, f.value_size});
      if (rule != nullptr) {
        broken(rule, f.name);
        return false;
      }
    }
    head.present.add(f.id);
    head.marks = static_cast<std::uint8_t>(head.marks | f.marks);
    head.fields.push_back(f);
  }
  return true;
}

Progress FieldSection::read(const char* data, std::uint32_t end, Head& head) {
  if (waits_for_line_end(data, end)) return Progress::need_more;
  std::array<Field, 8> batch;
  while (true) {
    // Nothing is called in this loop, so that what it compares with stays in registers: measured,
    // tests/bench/http_heads.
    const FieldNames& names = *names_;
    std::size_t count = 0;
    std::uint32_t at = at_;
    while (count < batch.size()) {
      const std::uint32_t next = read_common_line(data, at, end, names, batch[count]);
      if (next == 0) break;
      at = next;
      ++count;
    }
    at_ = at;
    if (!take(data, {batch.data(), count}, head)) return Progress::failed;
    if (count == batch.size()) continue;
    std::uint32_t next = 0;
    const Progress other = read_other_line(data, end, batch[0], next);
    if (next == 0) return other;
    at_ = next;
    if (!take(data, {batch.data(), 1}, head)) return Progress::failed;
  }
}

}  // namespace holdfast::http
