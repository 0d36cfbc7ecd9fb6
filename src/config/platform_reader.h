// Reads the platform file and the flags that override it.
#pragma once

#include "config/configuration.h"
#include "config/reader.h"

namespace holdfast::config {

// A flag as given on the command line: `--listen`, `0.0.0.0:8080`.
struct FlagValue {
  std::string flag;
  std::string value;
};

class PlatformReader {
 public:
  PlatformReader(Reader& reader, Configuration& configuration);

  void read_file(const Document& document);
  void read_flags(std::span<const FlagValue> flags);
  // What must be there and fit together. `start` is where a missing key is reported; `complete` is false where a fault
  // ended the reading of the file.
  void finish(const Place& start, bool complete);

 private:
  void read_group(const Node& mapping, const std::string& prefix);
  void read_entry(const Entry& entry, const std::string& prefix);
  void check_listeners(const Platform& platform);
  Place place_of(std::string_view key) const;

  Reader& reader_;
  Configuration& configuration_;
  Section<Platform> section_;
  AnySettings settings_;
  std::vector<std::string> refused_;  // keys whose value is already reported
};

}  // namespace holdfast::config
