// JsonText: writes indented JSON, in the order of the calls.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::config {

class JsonText {
 public:
  // With a key inside objects, without inside arrays.
  void begin_object(std::string_view key = {}) { begin(key, '{'); }
  void begin_array(std::string_view key = {}) { begin(key, '['); }
  void end_object() { end('}'); }
  void end_array() { end(']'); }
  void text(std::string_view key, std::string_view value) { raw(key, quoted(value)); }
  void text(std::string_view value) { raw({}, quoted(value)); }
  // `value` is JSON already: a number, true, false.
  void raw(std::string_view key, std::string_view value);
  std::string take() { return std::move(out_) + "\n"; }

  static std::string quoted(std::string_view value);

 private:
  void begin(std::string_view key, char bracket);
  void end(char bracket);
  void line(std::string_view key);

  std::string out_;
  std::size_t depth_ = 0;
  bool empty_ = true;  // the innermost object or array has no member yet
};

}  // namespace holdfast::config
