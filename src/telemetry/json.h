// JsonLine: one JSON object on one line, written into room that a LogChannel (or a test) gave.
//
// Whatever the values are, the result is one well-formed line: quotes, backslashes and controls are escaped, so are
// U+0085, U+2028 and U+2029 (some readers end a line there) and the other C1 controls (terminals obey them), and bytes
// that are no UTF-8 become U+FFFD. What does not fit is cut: a text at a character boundary with `…` behind it, any
// other field as a whole. finish() always fits.
//
//   JsonLine line(out, room, ts, Level::info, "request");
//   line.text("path", path).number("status", 200).object("ms").milliseconds("total", total).end();
//   channel.commit(line.finish(), now);
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/bytes.h"
#include "core/clock.h"
#include "core/digits.h"
#include "telemetry/level.h"

namespace holdfast::telemetry {

class JsonLine {
 public:
  // Room that every line needs at least; callers add what their fields take.
  static constexpr std::size_t room_min = 256;
  static constexpr std::size_t depth_max = 4;

  // Starts an empty object. `room` bytes at `out` must stay valid until finish().
  JsonLine(char* out, std::size_t room) noexcept : cursor_(out), limit_(out + room - tail), whole_limit_(limit_) {
    *cursor_++ = '{';
  }
  // Starts with "ts", "level" and "msg". `ts` is a TimeText; `msg` needs no escaping.
  JsonLine(char* out, std::size_t room, std::string_view ts, Level level, std::string_view msg) noexcept
      : JsonLine(out, room) {
    word("ts", ts).word("level", telemetry::word(level)).word("msg", msg);
  }
  JsonLine(const JsonLine&) = delete;
  JsonLine& operator=(const JsonLine&) = delete;

  // Any bytes.
  template <std::size_t N>
  JsonLine& text(const char (&name)[N], std::string_view value) noexcept {
    if (fits(N + 8)) cursor_ = put_text(put_name(cursor_, name), limit_, value);
    return *this;
  }
  // The name may be any bytes too.
  JsonLine& text(std::string_view name, std::string_view value) noexcept;

  // Text of our own, known to need no escaping: ids we made, words of the failure table.
  template <std::size_t N>
  JsonLine& word(const char (&name)[N], std::string_view value) noexcept {
    if (!fits(N + 5 + value.size())) return *this;
    char* out = put_name(cursor_, name);
    *out = '"';
    out = write_text(out + 1, value);
    out[0] = '"';
    out[1] = ',';
    cursor_ = out + 2;
    return *this;
  }

  template <std::size_t N, std::unsigned_integral T>
  JsonLine& number(const char (&name)[N], T value) noexcept {
    if (fits(N + 23)) cursor_ = put_number(put_name(cursor_, name), value);
    return *this;
  }
  JsonLine& number(std::string_view name, std::uint64_t value) noexcept;

  template <std::size_t N>
  JsonLine& boolean(const char (&name)[N], bool value) noexcept {
    return literal(name, value ? "true" : "false");
  }
  JsonLine& boolean(std::string_view name, bool value) noexcept;

  template <std::size_t N>
  JsonLine& null(const char (&name)[N]) noexcept {
    return literal(name, "null");
  }

  // A duration in milliseconds with three decimals: 1.204. Negative ones are 0.
  template <std::size_t N>
  JsonLine& milliseconds(const char (&name)[N], Duration value) noexcept {
    if (fits(N + 27)) cursor_ = put_milliseconds(put_name(cursor_, name), value);
    return *this;
  }

  // Opens an object inside; end() closes the one opened last. An object that does not fit swallows its fields.
  template <std::size_t N>
  JsonLine& object(const char (&name)[N]) noexcept {
    if (depth_ == depth_max || !fits(N + 4)) {
      ++skipped_;
      limit_ = nullptr;  // until its end nothing fits
      return *this;
    }
    char* out = put_name(cursor_, name);
    *out = '{';
    cursor_ = out + 1;
    ++depth_;
    return *this;
  }
  JsonLine& end() noexcept {
    if (skipped_ > 0) {
      if (--skipped_ == 0) limit_ = whole_limit_;
      return *this;
    }
    if (depth_ == 0) return *this;
    --depth_;
    close_object();
    *cursor_++ = ',';
    return *this;
  }

  // Members written before, each with its comma: made with a JsonLine of their own and its fields().
  JsonLine& members(std::string_view rendered) noexcept {
    if (fits(rendered.size())) cursor_ = write_text(cursor_, rendered);
    return *this;
  }
  // What stands in the object so far, for members().
  std::string_view fields(const char* begin) const noexcept {
    return {begin + 1, static_cast<std::size_t>(cursor_ - begin) - 1};
  }

  // An array of what is JSON already: `"a","b"`.
  template <std::size_t N>
  JsonLine& list(const char (&name)[N], std::string_view members) noexcept {
    if (!fits(N + 6 + members.size())) return *this;
    char* out = put_name(cursor_, name);
    *out = '[';
    out = write_text(out + 1, members);
    out[0] = ']';
    out[1] = ',';
    cursor_ = out + 2;
    return *this;
  }

  // Closes everything and ends the line. Returns its end, for commit().
  char* finish() noexcept {
    for (; depth_ > 0; --depth_) close_object();
    close_object();
    *cursor_++ = '\n';
    return cursor_;
  }

 private:
  static constexpr std::size_t tail = 2 * depth_max + 4;  // closing braces and commas, line end

  // Without room there is no limit_. The end of an object may stand behind it: the difference is signed.
  bool fits(std::size_t size) const noexcept {
    return static_cast<std::ptrdiff_t>(std::bit_cast<std::uintptr_t>(limit_) -
                                       std::bit_cast<std::uintptr_t>(cursor_)) >= static_cast<std::ptrdiff_t>(size);
  }
  void close_object() noexcept {
    if (cursor_[-1] == ',') --cursor_;
    *cursor_++ = '}';
  }

  // These are given a place and return one: a JsonLine whose address nobody takes stays in registers.
  template <std::size_t N>
  static char* put_name(char* out, const char (&name)[N]) noexcept {
    *out = '"';
    std::memcpy(out + 1, name, N - 1);
    out[N] = '"';
    out[N + 1] = ':';
    return out + N + 2;
  }
  template <std::size_t N>
  JsonLine& literal(const char (&name)[N], std::string_view value) noexcept {
    if (!fits(N + 3 + value.size())) return *this;
    char* out = write_text(put_name(cursor_, name), value);
    *out = ',';
    cursor_ = out + 1;
    return *this;
  }
  bool put_any_name(std::string_view name, std::size_t value_size) noexcept;
  // With quotes and comma; room for a cut text was checked.
  static char* put_text(char* out, const char* limit, std::string_view value) noexcept;
  static char* put_number(char* out, std::uint64_t value) noexcept {
    char* const end = value < 10 ? write_digit(out, static_cast<std::uint32_t>(value)) : write_decimal(out, value);
    *end = ',';
    return end + 1;
  }
  static char* put_milliseconds(char* out, Duration value) noexcept;

  char* cursor_;
  const char* limit_;  // null while an object is skipped
  const char* whole_limit_;
  std::uint32_t depth_ = 0;
  std::uint32_t skipped_ = 0;  // objects that were opened but did not fit
};

}  // namespace holdfast::telemetry
