// `effective`: every setting in force, its value, and where it came from.
#pragma once

#include <string>
#include <vector>

#include "config/configuration.h"

namespace holdfast::config {

struct SettingLine {
  std::string key;     // `timeouts.firstByte`, `routes.create-user.limits.body`
  std::string value;   // in the notation of the files
  std::string origin;  // `policies/users.yaml:12`, `--listen`, `profile standard@1`, `built in`
};

// Platform, policies in pipeline order, then what each route matches and changes.
std::vector<SettingLine> settings_of(const Configuration& configuration);

// settings_of() as aligned text, with the waivers behind; ends with a line feed. Also what the admin endpoint answers.
std::string effective_text(const Configuration& configuration);

// Of all keys and values, not of their origins: 16 hex digits.
std::string hash_of(const Configuration& configuration);

}  // namespace holdfast::config
