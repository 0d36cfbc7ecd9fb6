// load(): from files and flags to a complete configuration, or to all of their faults.
//
// The only way to a Configuration. Opens no port and changes nothing.
#pragma once

#include <functional>
#include <span>

#include "config/configuration.h"
#include "config/platform_reader.h"
#include "core/result.h"

namespace holdfast::config {

using FileText = Result<std::string, Fault>;

// The bytes of a file of at most 1 MiB.
FileText read_file(const std::string& path);

struct Sources {
  std::string platform_file;     // empty: flags alone
  std::vector<FlagValue> flags;  // those of platform_flags(), in order
  std::string policy_alone;      // a policy file to check without a platform; the rest is then ignored
  std::function<FileText(const std::string&)> read = read_file;
};

// What the policies declare; outlives every Configuration made from it.
struct Catalog {
  std::vector<const AnySection*> sections;  // in the order of the pipeline
  std::vector<CrossRule> cross_rules;
};

// Faults come in the order of files and lines. Warnings are in Configuration::warnings, or among the faults. Never
// throws.
Result<Configuration, std::vector<Fault>> load(const Sources& sources, const Catalog& catalog,
                                               const Environment& environment);

enum class FileKind : std::uint8_t { platform, policy };
// Tells the two files apart by their keys.
FileKind file_kind(std::string_view file, std::string_view bytes);

}  // namespace holdfast::config
