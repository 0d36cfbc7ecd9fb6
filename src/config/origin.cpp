#include "config/origin.h"

namespace holdfast::config {

const Origin* Origins::find(std::string_view key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &found->second;
}

std::string_view Origins::text(std::string_view key) const {
  const Origin* origin = find(key);
  return origin == nullptr ? std::string_view("built in") : std::string_view(origin->text);
}

Origin from_file(const Place& place) { return {place.file + ":" + std::to_string(place.line), place}; }
Origin from_flag(std::string_view flag) { return {std::string(flag), {std::string(flag), 0, 0}}; }
Origin from_profile(std::string_view profile) { return {"profile " + std::string(profile), {}}; }

}  // namespace holdfast::config
