// Configuration: everything the files and flags said, checked and complete. Immutable after load().
#pragma once

#include <chrono>

#include "config/origin.h"
#include "config/platform.h"
#include "config/section.h"

namespace holdfast::config {

struct LoadedPolicy {
  const AnySection* section = nullptr;  // of the catalog given to load()
  Mode mode = Mode::enforce;
  AnySettings settings;
  std::string because;  // why a mode, a limit or a name was given up; may be empty
};

struct LoadedRoute {
  std::string name;
  std::string method;  // empty: any; GET also matches HEAD
  std::string path;    // `*` is one whole segment, at the end the rest
  std::vector<AnySettings>
      settings;  // parallel to Configuration::policies: that policy's settings with the route's changes
  std::vector<std::string> because;  // parallel to settings: why a limit was given up there; mostly empty
  Place place;
};

struct Waiver {
  std::string check;
  std::chrono::year_month_day until{};
  std::string owner;
  std::string because;
  bool expired = false;
  Place place;
};

struct Configuration {
  Platform platform;
  bool has_platform = true;  // false: a policy file was checked alone, and `platform` holds defaults
  std::string profile = "standard@1";
  std::vector<LoadedPolicy> policies;  // in catalog order
  std::vector<LoadedRoute> routes;     // in file order: the first match wins
  std::vector<Waiver> waivers;
  Origins origins;
  std::vector<Fault> warnings;
  std::string hash;                // of all values, 16 hex digits; equal configurations have equal hashes
  std::vector<std::string> files;  // that were read, for watching

  const LoadedPolicy* find(std::string_view policy) const noexcept;
};

struct Environment;
// What the process may use at most: the `memory` setting or the limit of the cgroup, whichever is less.
std::optional<ByteCount> memory_bound(const Configuration& configuration, const Environment& machine) noexcept;

// What the machine allows; filled in by the command.
struct Environment {
  std::uint64_t descriptor_limit = 0;     // 0: not checked
  std::optional<ByteCount> memory_limit;  // nullopt: no limit
  std::string memory_cgroup;              // the folder of the cgroup that has this limit; empty: none
  std::chrono::year_month_day today{};    // for waivers
};

// Where cross rules report. `setting` is a key of Origins (`drain.finish`, `routes.NAME.timeouts.request`), or several
// with spaces between: the place is that of the first one that a file or a flag sets.
class FaultSink {
 public:
  virtual ~FaultSink() = default;
  virtual void fault(std::string_view setting, std::string_view code, std::string sentence, std::string fix) = 0;
  virtual void warn(std::string_view setting, std::string_view code, std::string sentence, std::string fix) = 0;
};

// A rule across sections, checked on a configuration whose values are each valid.
using CrossRule = void (*)(const Configuration&, const Environment&, FaultSink&);

}  // namespace holdfast::config
