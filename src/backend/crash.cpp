#include "backend/crash.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <climits>
#include <span>
#include <string_view>

#include "core/bytes.h"
#include "core/clock.h"
#include "core/death.h"
#include "core/stack_trace.h"

namespace users {
namespace {

using holdfast::write_text;

constexpr std::size_t max_cause = 400;
constexpr std::size_t max_stack = 3000;
constexpr std::size_t max_line = max_cause * 2 + max_stack + 256;
static_assert(max_line <= PIPE_BUF, "other lines do not mix with one write of that size");

char* write_padded(char* out, unsigned number, int width) noexcept {
  for (int i = width - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  return out + width;
}

// RFC 3339 in UTC with microseconds, by arithmetic alone.
char* write_time(char* out, holdfast::WallTime now) noexcept {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::microseconds>(now - day));
  const auto part = [&](auto value, int width, char after) {
    out = write_padded(out, static_cast<unsigned>(value), width);
    *out++ = after;
  };
  part(int{date.year()}, 4, '-');
  part(unsigned{date.month()}, 2, '-');
  part(unsigned{date.day()}, 2, 'T');
  part(time.hours().count(), 2, ':');
  part(time.minutes().count(), 2, ':');
  part(time.seconds().count(), 2, '.');
  part(time.subseconds().count(), 6, 'Z');
  return out;
}

// The inside of a JSON string; control characters become spaces.
char* write_escaped(char* out, std::string_view text) noexcept {
  for (const char c : text.substr(0, max_cause)) {
    if (c == '"' || c == '\\') *out++ = '\\';
    *out++ = static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

void report(int signal, std::string_view cause) noexcept {
  std::array<char, max_line> line{};
  char* out = write_text(line.data(), R"({"ts":")");
  out = write_time(out, holdfast::wall_now());
  out = write_text(out, R"(","level":"error","msg":")");
  out = write_text(out, cause.empty() ? "fatal signal" : "terminated");
  out = write_text(out, R"(","cause":")");
  out = write_escaped(out, cause.empty() ? holdfast::signal_word(signal) : cause);
  out = write_text(out, R"(","stack":[)");
  out += holdfast::write_stack_trace(std::span(out, max_stack), 2);  // without this function and its caller
  out = write_text(out, "]}\n");
  static_cast<void>(::write(STDOUT_FILENO, line.data(), static_cast<std::size_t>(out - line.data())) < 0);
}

}  // namespace

void report_crashes() { holdfast::report_death(report); }

}  // namespace users
