// Built from nlohmann's events, which recurse into nothing: members are appended without the search for their name that
// ordered_json makes at each, and looked for in a set of hashes instead.
#include "kubernetes/strict_json.h"

#include <unordered_set>

namespace holdfast::kubernetes {
namespace {

class Builder {
 public:
  using number_integer_t = Json::number_integer_t;    // NOLINT(readability-identifier-naming): nlohmann's names
  using number_unsigned_t = Json::number_unsigned_t;  // NOLINT(readability-identifier-naming): as above
  using number_float_t = Json::number_float_t;        // NOLINT(readability-identifier-naming): as above
  using string_t = Json::string_t;                    // NOLINT(readability-identifier-naming): as above
  using binary_t = Json::binary_t;                    // NOLINT(readability-identifier-naming): as above

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(number_integer_t value) { return add(value); }
  bool number_unsigned(number_unsigned_t value) { return add(value); }
  bool number_float(number_float_t value, const string_t&) { return add(value); }
  bool string(string_t& value) { return add(std::move(value)); }
  bool binary(binary_t&) { return fail("holds binary data"); }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(string_t& name) {
    Level& level = open_.back();
    if (!level.names.insert(name).second) return fail("has the member '" + shown(name) + "' twice");
    level.name = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const Json::exception&) {
    return fail("is no JSON (at byte " + std::to_string(position) + ")");
  }

  Json take() { return std::move(root_); }
  const std::string& fault() const noexcept { return fault_; }

 private:
  struct Level {
    Json* value;
    std::string name;  // of the member to come
    std::unordered_set<std::string> names;
  };

  static std::string shown(const std::string& name) {
    constexpr std::size_t longest = 64;
    std::string text;
    for (const char c : name.substr(0, longest)) text += c >= ' ' && c < '\x7f' ? c : '?';
    return text;
  }

  bool fail(std::string why) {
    if (fault_.empty()) fault_ = std::move(why);
    return false;
  }

  // Null when there is one too many. The place stays valid while it is open: its parent gets no other member before.
  Json* place(Json value) {
    if (++values_ > most_json_values) {
      fail("has more than 200000 values");
      return nullptr;
    }
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Level& level = open_.back();
    if (auto* list = level.value->get_ptr<Json::array_t*>()) return &list->emplace_back(std::move(value));
    auto* object = level.value->get_ptr<Json::object_t*>();
    object->push_back({std::move(level.name), std::move(value)});
    return &object->back().second;
  }

  bool add(Json value) { return place(std::move(value)) != nullptr; }

  bool open(Json empty) {
    if (open_.size() == deepest_json) return fail("is nested more than 100 levels deep");
    Json* value = place(std::move(empty));
    if (value == nullptr) return false;
    open_.push_back({value, {}, {}});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  Json root_;
  std::vector<Level> open_;
  std::size_t values_ = 0;
  std::string fault_;
};

}  // namespace

Result<Json, std::string> read_json(std::string_view text) {
  Builder builder;
  if (Json::sax_parse(text.begin(), text.end(), &builder)) return builder.take();
  return builder.fault().empty() ? std::string("is no JSON") : builder.fault();
}

}  // namespace holdfast::kubernetes
