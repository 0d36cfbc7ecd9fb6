// User and Name: the words of the domain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace users {

// Why a value was not accepted; a complete phrase for the client: `name must not be empty`.
struct Invalid {
  std::string reason;
};

// A user's name: 1 to `max_bytes` bytes, not blank, no control characters. Kept as it was given.
class Name {
 public:
  static constexpr std::size_t max_bytes = 256;

  static holdfast::Result<Name, Invalid> from(std::string_view text);

  const std::string& text() const noexcept { return text_; }

 private:
  explicit Name(std::string_view text) : text_(text) {}
  std::string text_;
};

struct User {
  std::int64_t id = 0;
  std::string name;
};

}  // namespace users
