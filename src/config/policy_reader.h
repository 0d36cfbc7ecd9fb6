// Reads a policy file over the values of its profile.
//
// Order matters inside, not in the file: the profile first, then policies, then routes, which start from the policies'
// values.
#pragma once

#include <span>

#include "config/configuration.h"
#include "config/reader.h"

namespace holdfast::config {

class PolicyReader {
 public:
  PolicyReader(Reader& reader, Configuration& configuration, std::span<const AnySection* const> sections,
               std::chrono::year_month_day today);

  // The values of a profile, for a configuration without a policy file. False when there is no such profile.
  bool apply_profile(std::string_view profile);
  void read_file(const Document& document);

 private:
  void read_profile(const Document& document);
  void read_policies(const Entry& entry);
  void read_policy(const Entry& entry);
  void read_mode(const Entry& entry, bool because, LoadedPolicy& policy);
  void unknown_field(const Entry& entry, const AnySection& section);
  LoadedPolicy* find(std::string_view name);

  Reader& reader_;
  Configuration& configuration_;
  std::span<const AnySection* const> sections_;
  std::chrono::year_month_day today_;
};

std::vector<std::string> profile_names();

}  // namespace holdfast::config
