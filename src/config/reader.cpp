// How values are taken and refused.
#include "config/reader.h"

#include "config/codes.h"
#include "config/nearest.h"
#include "config/values.h"

namespace holdfast::config {
namespace {

Place place_of(const Entry& entry) { return entry.value.shape == Node::Shape::null ? entry.place : entry.value.place; }

std::string listed(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

void Reader::fault(const Place& place, std::string_view code, std::string sentence, std::string fix,
                   std::string did_you_mean) {
  faults_.push_back({place, std::string(code), std::move(sentence), std::move(did_you_mean), std::move(fix), false});
}

void Reader::warn(const Place& place, std::string_view code, std::string sentence, std::string fix) {
  faults_.push_back({place, std::string(code), std::move(sentence), {}, std::move(fix), true});
}

bool Reader::is_mapping(const Entry& entry, std::string_view what) {
  if (entry.value.refused) return false;
  if (entry.value.shape != Node::Shape::null) return is_mapping(entry.value, what);
  fault(entry.place, code::no_value, "'" + entry.key + "' has no value",
        "write " + std::string(what) + ", or remove the key");
  return false;
}

bool Reader::is_mapping(const Node& node, std::string_view what) {
  if (node.refused) return false;
  if (node.shape == Node::Shape::mapping) return true;
  fault(node.place, code::wrong_shape, "a mapping is expected", "write " + std::string(what));
  return false;
}

bool Reader::is_list(const Entry& entry, std::string_view what) {
  if (entry.value.refused) return false;
  if (entry.value.shape == Node::Shape::list) return true;
  if (entry.value.shape == Node::Shape::null) {
    fault(entry.place, code::no_value, "'" + entry.key + "' has no value", "write " + std::string(what) + ", or []");
  } else {
    fault(entry.value.place, code::wrong_shape, "a list is expected", "write " + std::string(what));
  }
  return false;
}

// The files are never substituted: what reads like a variable would be taken as it stands.
bool Reader::refuses_substitution(const Node& node, std::string_view flag) {
  const std::size_t at = std::min(node.text.find("${"), node.text.find("$("));
  if (at == std::string::npos) return false;
  Place place = node.place;
  if (!node.quoted) place.column += static_cast<int>(at);
  const std::string fix = flag.empty() ? "write the value itself; another policy file is chosen with --policy"
                                       : "write the value itself, or pass it with the flag " + std::string(flag);
  fault(place, code::substitution, "'" + node.text.substr(at, 2) + "…' is not replaced: files are never substituted",
        fix);
  return true;
}

Given Reader::given(const Node& node, bool because) const {
  Given given;
  given.because = because;
  switch (node.shape) {
    case Node::Shape::null: given.shape = Given::Shape::nothing; break;
    case Node::Shape::mapping: given.shape = Given::Shape::mapping; break;
    case Node::Shape::list: given.shape = Given::Shape::list; break;
    case Node::Shape::scalar: given.shape = Given::Shape::scalar; break;
  }
  given.text = node.text;
  given.quoted = node.quoted;
  for (const Node& item : node.items) given.items.emplace_back(item.text);
  return given;
}

bool Reader::read_field(const Field& field, const Entry& entry, bool because, std::string_view key,
                        std::string_view flag, AnySettings& settings) {
  const Node& node = entry.value;
  if (node.refused || refuses_substitution(node, flag)) return false;
  for (const Node& item : node.items) {
    if (item.refused || refuses_substitution(item, flag)) return false;
    if (item.shape == Node::Shape::scalar) continue;
    fault(item.place, code::wrong_shape, "a word is expected", "write a list of words, such as [one, two]");
    return false;
  }
  if (auto wrong = field.read(settings, given(node, because))) {
    const Place place =
        wrong->item && *wrong->item < node.items.size() ? node.items[*wrong->item].place : place_of(entry);
    fault(place, wrong->code, entry.key + ": " + wrong->sentence, std::move(wrong->fix),
          std::move(wrong->did_you_mean));
    return false;
  }
  Origin origin = from_file(entry.place);
  if (node.shape == Node::Shape::scalar)
    origin.place = node.place;  // faults of rules point at the value, as all others do
  origins_.set(std::string(key), std::move(origin));
  return true;
}

std::string Reader::read_text(const Entry& entry, TextCheck check) {
  if (entry.value.refused || refuses_substitution(entry.value, "")) return {};
  std::string text;
  if (auto wrong = config::read_text(given(entry.value, false), check, text)) {
    fault(place_of(entry), wrong->code, entry.key + ": " + wrong->sentence, std::move(wrong->fix));
  }
  return text;
}

void Reader::unknown_key(const Entry& entry, std::span<const std::string> known, std::string hint) {
  std::string near = nearest(entry.key, known);
  std::string fix = "use one of: " + listed(known);
  if (!hint.empty()) fix = std::move(hint);
  if (!near.empty()) fix = "write " + near;
  fault(entry.place, code::unknown_key, "'" + entry.key + "' means nothing here", std::move(fix), std::move(near));
}

void Reader::check_version(const Document& document) {
  const Entry* version = document.root.find("version");
  if (version == nullptr) {
    if (document.complete)
      fault(document.root.place, code::missing_key, "'version' is missing", "add version: 1 as the first line");
    return;
  }
  const Node& node = version->value;
  if (node.refused || (node.shape == Node::Shape::scalar && node.text == "1" && !node.quoted)) return;
  fault(place_of(*version), code::bad_version, "this program reads version 1 of the format", "write version: 1");
}

bool read_because(Reader& reader, const Node& mapping, std::string_view key, std::string& reason) {
  const Entry* because = mapping.find("because");
  if (because == nullptr) return false;
  reason = reader.read_text(*because, check_message);
  if (!reason.empty()) reader.origins().set(std::string(key), from_file(because->place));
  return true;  // a bad reason is not reported again as a missing one
}

}  // namespace holdfast::config
