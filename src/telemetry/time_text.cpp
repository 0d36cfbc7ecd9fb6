// time_text: the date part of a time stamp, once per second.
#include "telemetry/time_text.h"

#include <algorithm>

namespace holdfast::telemetry {
namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;

}  // namespace

void TimeText::start_second(std::int64_t ns) noexcept {
  const std::int64_t seconds = std::max<std::int64_t>(0, ns / ns_per_second);  // 64-bit nanoseconds end in 2262
  second_begin_ = seconds * ns_per_second;
  const std::chrono::sys_days day{std::chrono::days{seconds / 86400}};
  const std::chrono::year_month_day date{day};
  const auto year = static_cast<std::uint32_t>(static_cast<int>(date.year()));
  const auto of_day = static_cast<std::uint32_t>(seconds % 86400);
  char* out = text_.data();
  write_pair(out, year / 100);
  write_pair(out + 2, year % 100);
  out[4] = '-';
  write_pair(out + 5, static_cast<unsigned>(date.month()));
  out[7] = '-';
  write_pair(out + 8, static_cast<unsigned>(date.day()));
  out[10] = 'T';
  write_pair(out + 11, of_day / 3600);
  out[13] = ':';
  write_pair(out + 14, of_day / 60 % 60);
  out[16] = ':';
  write_pair(out + 17, of_day % 60);
  out[19] = '.';
  out[26] = 'Z';
}

}  // namespace holdfast::telemetry
