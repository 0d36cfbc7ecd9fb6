// field_section: the loop over the field lines of a head. Declared in h1_parser.h.
//
// A line that arrives in pieces is read again only when its line end is there (or the limit is reached), so that many small
// pieces cost no more than one large one.
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

Progress FieldSection::read(const char* data, std::uint32_t end, Head& head) {
  if (waits_for_line_end(data, end)) return Progress::need_more;
  FieldLine line;
  while (true) {
    const Line kind = read_field_line(data, at_, end, *names_, line);
    if (kind == Line::broken) return broken(line.rule, line.at);
    if (kind == Line::incomplete) {
      if (end >= limits_->head_bytes) return Progress::failed;
      scanned_ = end;
      return Progress::need_more;
    }
    if (kind == Line::end) {
      at_ = line.next;
      return Progress::done;
    }
    too_many_ = head.fields.size() >= limits_->fields;
    if (too_many_) return Progress::failed;
    const Field& f = line.field;
    if (HeadRules::looked_at.has(f.id)) {
      const char* rule = rules_.add(f.id, {data + f.value, f.value_size});
      if (rule != nullptr) return broken(rule, f.name);
    }
    head.present.add(f.id);
    head.marks = static_cast<std::uint8_t>(head.marks | f.marks);
    head.fields.push_back(f);
    at_ = line.next;
  }
}

}  // namespace holdfast::http
