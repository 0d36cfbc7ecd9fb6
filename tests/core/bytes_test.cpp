// Bytes of ASCII text: letters and digits of ASCII and of nothing else, whatever the locale.
#include "core/bytes.h"

#include <doctest/doctest.h>

#include <array>
#include <charconv>
#include <string>

namespace holdfast {

TEST_CASE("bytes: of all 256 bytes exactly the ASCII letters and digits are known") {
  const std::string_view capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const std::string_view smalls = "abcdefghijklmnopqrstuvwxyz";
  const std::string_view digits = "0123456789";
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(static_cast<unsigned char>(i));
    CAPTURE(i);
    const std::size_t capital = capitals.find(c);
    CHECK(lower(c) == (capital == std::string_view::npos ? c : smalls[capital]));
    CHECK(is_alpha(c) == (capital != std::string_view::npos || smalls.find(c) != std::string_view::npos));
    CHECK(is_digit(c) == (digits.find(c) != std::string_view::npos));
    const std::size_t hex = std::string_view(hex_digits).find(lower(c));
    CHECK(hex_value(c) == (hex == std::string_view::npos ? -1 : static_cast<int>(hex)));
  }
}

TEST_CASE("bytes: names are compared without case, and only in full") {
  CHECK(equals_lower("Content-Length", "content-length"));
  CHECK(equals_lower("", ""));
  CHECK(!equals_lower("content-lengt", "content-length"));
  CHECK(!equals_lower("content-length ", "content-length"));
  CHECK(!equals_lower("content_length", "content-length"));
  CHECK(!equals_lower("\xc3\x89", "\xc3\xa9"));  // no letters beyond ASCII
}

TEST_CASE("bytes: numbers are written as the standard library writes them") {
  for (const std::uint64_t n :
       {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{10}, std::uint64_t{255}, std::uint64_t{4096},
        std::uint64_t{1'000'000'007}, std::uint64_t{1} << 63U, UINT64_MAX}) {
    for (const int radix : {10, 16}) {
      std::array<char, 20> ours{};
      std::array<char, 20> theirs{};
      const char* end = radix == 10 ? write_decimal(ours.data(), n) : write_hex(ours.data(), n);
      const auto expected = std::to_chars(theirs.data(), theirs.data() + theirs.size(), n, radix);
      CHECK(std::string_view(ours.data(), static_cast<std::size_t>(end - ours.data())) ==
            std::string_view(theirs.data(), static_cast<std::size_t>(expected.ptr - theirs.data())));
    }
  }
}

TEST_CASE("bytes: writing no text writes nothing") {
  std::array<char, 4> out{'a', 'b', 'c', 'd'};
  CHECK(write_text(out.data(), {}) == out.data());
  CHECK(write_text(out.data(), "xy") == out.data() + 2);
  CHECK(std::string_view(out.data(), 4) == "xycd");
}

}  // namespace holdfast
