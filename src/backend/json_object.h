// json_object: one flat JSON object from untrusted bytes.
//
// Stricter than the JSON library: a doubled key, too many members and nesting beyond `max_depth` are refused. Nested
// values are read over and kept only as a kind, because no command of this service has any. Texts are wiped at the end:
// one of them may be a password.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "backend/user.h"
#include "core/result.h"

namespace users {

struct OtherJson {};  // null, boolean, fraction, array or object
using JsonValue = std::variant<OtherJson, std::string, std::int64_t>;

class JsonObject {
 public:
  static constexpr std::size_t max_depth = 16;
  static constexpr std::size_t max_members = 64;

  JsonObject() = default;
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;
  JsonObject(JsonObject&&) noexcept = default;
  JsonObject& operator=(JsonObject&&) noexcept = default;
  ~JsonObject();

  static holdfast::Result<JsonObject, Invalid> parse(std::string_view bytes);

  // Null when there is no such member.
  const JsonValue* find(std::string_view key) const noexcept;

 private:
  struct Member {
    std::string key;
    JsonValue value;
  };
  class Reader;

  static void wipe_texts(std::vector<Member>& members) noexcept;

  std::vector<Member> members_;
};

// `text` as a quoted JSON string; invalid UTF-8 is replaced.
std::string json_string(std::string_view text);

}  // namespace users
