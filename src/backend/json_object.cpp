#include "backend/json_object.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "backend/secret.h"

namespace users {

// Collects the members of the outermost object. Returning false ends the parse; `fault` then says why.
class JsonObject::Reader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::string fault;
  std::vector<Member> members;

  Reader() { members.reserve(max_members); }  // never moved, so that no text is left behind
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() override { wipe_texts(members); }

  bool null() override { return keep(OtherJson{}); }
  bool boolean(bool) override { return keep(OtherJson{}); }
  bool number_integer(std::int64_t n) override { return keep(n); }
  bool number_unsigned(std::uint64_t n) override {
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    if (n > most) return keep(OtherJson{});
    return keep(static_cast<std::int64_t>(n));
  }
  bool number_float(double, const std::string&) override { return keep(OtherJson{}); }
  bool string(std::string& text) override { return keep(std::move(text)); }
  bool binary(binary_t&) override { return keep(OtherJson{}); }
  bool start_object(std::size_t) override { return keep(OtherJson{}, true) && deeper(); }
  bool start_array(std::size_t) override { return keep(OtherJson{}) && deeper(); }
  bool end_object() override { return shallower(); }
  bool end_array() override { return shallower(); }

  bool key(std::string& name) override {
    if (depth_ != 1) return true;
    for (const Member& member : members) {
      if (member.key == name)
        return fail("key " + json_string(std::string_view(name).substr(0, 64)) + " appears twice");
    }
    if (members.size() == max_members) return fail("content has more than 64 members");
    members.push_back({std::move(name), OtherJson{}});
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) override {
    constexpr int number_overflow = 406;  // the library's id of that error
    const std::string_view what =
        error.id == number_overflow ? "has a number out of range" : "is not valid JSON in UTF-8";
    return fail(std::string("content ").append(what).append(" at byte ").append(std::to_string(position)));
  }

 private:
  bool fail(std::string reason) {
    fault = std::move(reason);
    return false;
  }

  bool keep(JsonValue value, bool opens_object = false) {
    if (depth_ == 0) return opens_object || fail("content must be a JSON object");
    if (depth_ == 1 && !members.empty()) members.back().value = std::move(value);
    return true;
  }

  bool deeper() { return ++depth_ <= max_depth || fail("content is nested too deeply"); }
  bool shallower() {
    --depth_;
    return true;
  }

  std::size_t depth_ = 0;
};

holdfast::Result<JsonObject, Invalid> JsonObject::parse(std::string_view bytes) {
  if (bytes.empty()) return Invalid{"content must be a JSON object"};
  Reader reader;
  if (!nlohmann::json::sax_parse(bytes, &reader)) return Invalid{std::move(reader.fault)};
  JsonObject object;
  object.members_ = std::move(reader.members);
  return object;
}

JsonObject::~JsonObject() { wipe_texts(members_); }

void JsonObject::wipe_texts(std::vector<Member>& members) noexcept {
  for (Member& member : members) {
    if (auto* text = std::get_if<std::string>(&member.value)) wipe(*text);
  }
}

const JsonValue* JsonObject::find(std::string_view key) const noexcept {
  for (const Member& member : members_) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace users
