// One branch per kind: how its notation looks to a schema and to a reader of the docs.
#include "config/field_schema.h"

#include <algorithm>

#include "core/units.h"

namespace holdfast::config {
namespace {

std::string_view pattern(Kind kind) noexcept {
  switch (kind) {
    case Kind::duration: return "([0-9]{1,5}(h|m|s|ms)){1,4}";  // GEP-2257
    case Kind::size: return "[0-9]{1,12}(B|KiB|MiB|GiB)";
    case Kind::share: return "[0-9]{1,3}(\\.[0-9]{1,4})?%";
    case Kind::rate: return "[0-9]{1,9}(\\.[0-9]{1,3})?/s";
    case Kind::count_range: return "[0-9]+-[0-9]+";
    case Kind::count:
    case Kind::flag:
    case Kind::text:
    case Kind::words:
    case Kind::choice:
    case Kind::address: return "";
  }
  return "";
}

// Choices such as 504 are numbers to YAML.
bool is_number(std::string_view text) { return parse_count(text).has_value(); }

void write_choices(JsonText& json, const Field& field) {
  json.begin_array("enum");
  for (const std::string& word : field.choices) is_number(word) ? json.raw({}, word) : json.text(word);
  json.end_array();
}

void write_count(JsonText& json, const Field& field) {
  const std::string_view word = field.is_liftable       ? "none"
                                : field.choices.empty() ? ""
                                                        : std::string_view(field.choices.front());
  if (word.empty()) {
    json.text("type", "integer");
  } else {
    json.begin_array("type");
    json.text("integer");
    json.text("string");
    json.end_array();
    json.text("pattern", "^" + std::string(word) + "$");
  }
  json.raw("minimum", field.min);
  json.raw("maximum", field.max);
}

void write_words(JsonText& json) {
  json.text("type", "array");
  json.begin_object("items");
  json.text("type", "string");
  json.end_object();
  json.raw("uniqueItems", "true");
}

// `|none` or `|auto` where that word may stand for the value.
std::string word_instead(const Field& field) {
  if (field.is_liftable) return "|none";
  return field.choices.empty() ? "" : "|" + field.choices.front();
}

void write_type(JsonText& json, const Field& field) {
  switch (field.kind) {
    case Kind::duration:
    case Kind::size:
    case Kind::share:
    case Kind::rate:
    case Kind::count_range:
      json.text("type", "string");
      json.text("pattern", "^(" + std::string(pattern(field.kind)) + word_instead(field) + ")$");
      return;
    case Kind::count: write_count(json, field); return;
    case Kind::flag: json.text("type", "boolean"); return;
    case Kind::words: write_words(json); return;
    case Kind::choice: write_choices(json, field); return;
    case Kind::text:
    case Kind::address:
      json.text("type", "string");
      json.raw("minLength", "1");
      return;
  }
}

void write_default(JsonText& json, const Field& field, const std::string& value) {
  if (value.empty()) return;
  if (field.kind == Kind::words) {
    json.begin_array("default");
    for (std::size_t at = 1; at + 1 < value.size();) {
      const std::size_t end = std::min(value.find_first_of(",]", at), value.size() - 1);
      json.text(value.substr(at, end - at));
      at = end + 2;
    }
    json.end_array();
    return;
  }
  const bool bare =
      field.kind == Kind::flag || ((field.kind == Kind::count || field.kind == Kind::choice) && is_number(value));
  bare ? json.raw("default", value) : json.text("default", value);
}

}  // namespace

void write_field_schema(JsonText& json, std::string_view name, const Field& field, const std::string& shown_default) {
  json.begin_object(name);
  json.text("description", field.sentence + " Accepts " + accepted_text(field) + ".");
  write_type(json, field);
  write_default(json, field, shown_default);
  json.end_object();
}

std::string accepted_text(const Field& field) {
  std::string text;
  switch (field.kind) {
    case Kind::duration:
    case Kind::size:
    case Kind::count:
    case Kind::share:
    case Kind::rate: text = field.min + " to " + field.max; break;
    case Kind::count_range:
      text = "two numbers from " + field.min + " to " + field.max + ", such as " + field.min + "-" + field.max;
      break;
    case Kind::flag: text = "true or false"; break;
    case Kind::text: text = "a text"; break;
    case Kind::words: text = "a list of words"; break;
    case Kind::choice: break;
    case Kind::address: text = "an address"; break;
  }
  for (const std::string& word : field.choices) {
    if (!text.empty()) text += word == field.choices.back() ? " or " : ", ";
    text += word;
  }
  if (field.is_liftable) text += ", or none with because:";
  return text;
}

}  // namespace holdfast::config
