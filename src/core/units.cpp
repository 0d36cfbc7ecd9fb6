#include "core/units.h"

#include <array>
#include <charconv>

namespace holdfast {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array<Unit, 4> duration_units{
    {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};  // milliseconds
constexpr std::array<Unit, 4> size_units{{{"GiB", 1U << 30U}, {"MiB", 1U << 20U}, {"KiB", 1U << 10U}, {"B", 1}}};

// Takes leading digits off `text`; at most `max_digits` of them.
std::optional<std::uint64_t> take_digits(std::string_view& text, std::size_t max_digits) noexcept {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  if (n == 0 || n > max_digits) return std::nullopt;
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + n, value);
  text.remove_prefix(n);
  return value;
}

// A decimal with up to `places` digits behind the point, scaled by 10^places.
std::optional<std::uint64_t> take_decimal(std::string_view& text, std::size_t places) noexcept {
  const auto whole = take_digits(text, 9);
  if (!whole) return std::nullopt;
  std::uint64_t value = *whole;
  std::uint64_t fraction = 0;
  std::size_t given = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t before = text.size();
    const auto digits = take_digits(text, places);
    if (!digits) return std::nullopt;
    fraction = *digits;
    given = before - text.size();
  }
  for (std::size_t i = 0; i < places; ++i) {
    value *= 10;
    if (i >= given) fraction *= 10;
  }
  return value + fraction;
}

std::string decimal_text(std::uint64_t scaled, std::uint64_t scale) {
  std::string text = std::to_string(scaled / scale);
  std::uint64_t rest = scaled % scale;
  if (rest == 0) return text;
  text += '.';
  for (std::uint64_t place = scale / 10; rest != 0; place /= 10) {
    text += static_cast<char>('0' + rest / place);
    rest %= place;
  }
  return text;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) noexcept {
  std::uint64_t total_ms = 0;
  for (int parts = 0; parts < 4; ++parts) {
    const auto n = take_digits(text, 5);
    if (!n) return std::nullopt;
    const Unit* found = nullptr;
    for (const Unit& unit : duration_units) {
      if (text.starts_with(unit.name)) found = &unit;  // the last match wins: "ms" after "m"
    }
    if (found == nullptr) return std::nullopt;
    text.remove_prefix(found->name.size());
    total_ms += *n * found->factor;  // at most 4 x 99999 h: no overflow
    if (text.empty()) return std::chrono::milliseconds(static_cast<std::int64_t>(total_ms));
  }
  return std::nullopt;
}

std::optional<ByteCount> parse_byte_count(std::string_view text) noexcept {
  const auto n = take_digits(text, 12);
  if (!n) return std::nullopt;
  for (const Unit& unit : size_units) {
    if (text == unit.name && *n <= (std::uint64_t{1} << 62U) / unit.factor) return ByteCount{*n * unit.factor};
  }
  return std::nullopt;
}

std::optional<Rate> parse_rate(std::string_view text) noexcept {
  const auto n = take_decimal(text, 3);
  if (!n || text != "/s") return std::nullopt;
  return Rate{*n};
}

std::optional<Share> parse_share(std::string_view text) noexcept {
  const auto n = take_decimal(text, 4);
  if (!n || text != "%" || *n > 1'000'000) return std::nullopt;
  return Share{static_cast<std::uint32_t>(*n)};
}

std::optional<std::uint64_t> parse_count(std::string_view text) noexcept {
  const auto n = take_digits(text, 18);
  if (!n || !text.empty()) return std::nullopt;
  return n;
}

std::string to_text(Duration duration) {
  auto ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
  if (ms == 0) return "0s";
  std::string text;
  for (const Unit& unit : duration_units) {
    if (ms / unit.factor == 0) continue;
    text += std::to_string(ms / unit.factor).append(unit.name);
    ms %= unit.factor;
  }
  return text;
}

std::string to_text(ByteCount size) {
  for (const Unit& unit : size_units) {
    if (size.bytes >= unit.factor && size.bytes % unit.factor == 0)
      return std::to_string(size.bytes / unit.factor).append(unit.name);
  }
  return std::to_string(size.bytes) + "B";
}

std::string to_text(Rate rate) { return decimal_text(rate.per_1000_seconds, 1000) + "/s"; }
std::string to_text(Share share) { return decimal_text(share.per_million, 10'000) + "%"; }

}  // namespace holdfast
