// Origins: where each setting in force came from.
//
// Keys are `timeouts.firstByte` and `timeouts.mode` for policies, `routes.NAME.timeouts.firstByte` for what a route
// changes, and `listen`, `upstream.address` … for the platform file.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "config/fault.h"

namespace holdfast::config {

struct Origin {
  std::string text;  // `policies/users.yaml:12`, `--listen`, `profile standard@1`, `built in`
  Place place;       // line 0 unless a file wrote it
};

class Origins {
 public:
  void set(std::string key, Origin origin) { by_key_.insert_or_assign(std::move(key), std::move(origin)); }
  const Origin* find(std::string_view key) const;
  // The text for `key`; `built in` for a key nobody set. Lives as long as this object and is not changed.
  std::string_view text(std::string_view key) const;

 private:
  std::map<std::string, Origin, std::less<>> by_key_;
};

Origin from_file(const Place& place);
Origin from_flag(std::string_view flag);
Origin from_profile(std::string_view profile);

}  // namespace holdfast::config
