// Runs the rules across fields and gives each of their faults a place.
#pragma once

#include <span>

#include "config/configuration.h"
#include "config/reader.h"

namespace holdfast::config {

// The rules of one section. `prefixes` are those of the keys' origins, nearest first: a route's, then the policy's.
// Without a key that a file sets the place is `otherwise`.
void check_rules(Reader& reader, const AnySection& section, const AnySettings& settings,
                 std::span<const std::string> prefixes, const Place& otherwise);
inline void check_rules(Reader& reader, const AnySection& section, const AnySettings& settings,
                        std::initializer_list<std::string> prefixes, const Place& otherwise) {
  check_rules(reader, section, settings, std::span(prefixes.begin(), prefixes.size()), otherwise);
}

// The rules across sections, on a configuration without faults.
void check_cross_rules(Reader& reader, std::span<const CrossRule> rules, const Configuration& configuration,
                       const Environment& environment, const Place& otherwise);

}  // namespace holdfast::config
