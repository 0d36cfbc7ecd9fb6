#include "http/date.h"

#include <chrono>

#include "core/bytes.h"

namespace holdfast::http {
namespace {

constexpr std::string_view days = "SunMonTueWedThuFriSat";
constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";

// `n` with leading zeros in `width` characters.
char* write_padded(char* out, std::int64_t n, std::size_t width) noexcept {
  for (std::size_t i = width; i-- > 0; n /= 10) out[i] = static_cast<char>('0' + n % 10);
  return out + width;
}

char* write_time(char* out, std::int64_t second_of_day) noexcept {
  out = write_padded(out, second_of_day / 3600, 2);
  *out++ = ':';
  out = write_padded(out, second_of_day / 60 % 60, 2);
  *out++ = ':';
  return write_padded(out, second_of_day % 60, 2);
}

}  // namespace

void DateText::update(std::int64_t second) noexcept {
  second_ = second;
  const std::chrono::sys_seconds at{std::chrono::seconds(second)};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::int64_t second_of_day = (at - day).count();
  const std::int64_t year = static_cast<int>(date.year());
  const unsigned month = static_cast<unsigned>(date.month());
  const unsigned day_of_month = static_cast<unsigned>(date.day());

  char* out = http_date_.data();
  out = write_text(out, days.substr(std::size_t{3} * std::chrono::weekday(day).c_encoding(), 3));
  out = write_text(out, ", ");
  out = write_padded(out, day_of_month, 2);
  *out++ = ' ';
  out = write_text(out, months.substr(std::size_t{3} * (month - 1U), 3));
  *out++ = ' ';
  out = write_padded(out, year, 4);
  *out++ = ' ';
  out = write_time(out, second_of_day);
  write_text(out, " GMT");

  out = timestamp_.data();
  out = write_padded(out, year, 4);
  *out++ = '-';
  out = write_padded(out, month, 2);
  *out++ = '-';
  out = write_padded(out, day_of_month, 2);
  *out++ = 'T';
  out = write_time(out, second_of_day);
  *out = '.';
  timestamp_.back() = 'Z';
}

std::string_view DateText::http_date(WallTime now) noexcept {
  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  if (second != second_) update(second);
  return {http_date_.data(), http_date_.size()};
}

std::string_view DateText::timestamp(WallTime now) noexcept {
  const auto second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  if (second.count() != second_) update(second.count());
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch() - second).count();
  write_padded(timestamp_.data() + 20, micros, 6);
  return {timestamp_.data(), timestamp_.size()};
}

}  // namespace holdfast::http
