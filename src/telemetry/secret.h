// Secret: text that has no way to be printed.
//
// It can be measured and compared, nothing else: no conversion, no data(), no stream operator, no formatter. The
// comparison takes the same time wherever the texts differ, so a guess learns nothing but the length. Borrows its
// bytes.
#pragma once

#include <cstddef>
#include <ostream>
#include <string_view>

namespace holdfast::telemetry {

class Secret {
 public:
  constexpr Secret() noexcept = default;
  constexpr explicit Secret(std::string_view bytes) noexcept : bytes_(bytes) {}

  constexpr bool empty() const noexcept { return bytes_.empty(); }
  constexpr std::size_t size() const noexcept { return bytes_.size(); }
  constexpr bool equals(std::string_view guess) const noexcept {
    if (guess.size() != bytes_.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < guess.size(); ++i) {
      difference |= static_cast<unsigned>(static_cast<unsigned char>(guess[i]) ^ static_cast<unsigned char>(bytes_[i]));
    }
    return difference == 0;
  }

  friend std::ostream& operator<<(std::ostream&, const Secret&) = delete;

 private:
  std::string_view bytes_;
};

}  // namespace holdfast::telemetry
