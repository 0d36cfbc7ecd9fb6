// time_text: the date part of a time stamp, once per second.
#include "telemetry/time_text.h"

#include <algorithm>

namespace holdfast::telemetry {
namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;

void put_two(char* out, std::uint64_t n) noexcept {
  out[0] = static_cast<char>('0' + n / 10);
  out[1] = static_cast<char>('0' + n % 10);
}

}  // namespace

void TimeText::start_second(std::int64_t ns) noexcept {
  const std::int64_t seconds = std::max<std::int64_t>(0, ns / ns_per_second);  // 64-bit nanoseconds end in 2262
  second_begin_ = seconds * ns_per_second;
  const std::chrono::sys_days day{std::chrono::days{seconds / 86400}};
  const std::chrono::year_month_day date{day};
  const auto year = static_cast<std::uint64_t>(static_cast<int>(date.year()));
  const auto of_day = static_cast<std::uint64_t>(seconds % 86400);
  char* out = text_.data();
  put_two(out, year / 100);
  put_two(out + 2, year % 100);
  out[4] = '-';
  put_two(out + 5, static_cast<unsigned>(date.month()));
  out[7] = '-';
  put_two(out + 8, static_cast<unsigned>(date.day()));
  out[10] = 'T';
  put_two(out + 11, of_day / 3600);
  out[13] = ':';
  put_two(out + 14, of_day / 60 % 60);
  out[16] = ':';
  put_two(out + 17, of_day % 60);
  out[19] = '.';
  out[26] = 'Z';
}

}  // namespace holdfast::telemetry
