// The order of reading: platform file, flags, policy file, rules inside a policy, rules across policies.
#include "config/loader.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "config/codes.h"
#include "config/describe.h"
#include "config/policy_reader.h"
#include "config/rules.h"

namespace holdfast::config {
namespace {

namespace fs = std::filesystem;

class Loading {
 public:
  Loading(const Sources& sources, const Catalog& catalog, const Environment& environment)
      : sources_(sources), catalog_(catalog), environment_(environment), reader_(faults_, configuration_.origins) {}

  Result<Configuration, std::vector<Fault>> run() {
    if (sources_.policy_alone.empty()) {
      read_platform();
    } else {
      configuration_.has_platform = false;
      start_ = {sources_.policy_alone, 1, 1};
      read_policy(sources_.policy_alone, start_);
    }
    if (!has_errors()) check_cross_rules(reader_, catalog_.cross_rules, configuration_, environment_, start_);
    sort_faults(faults_);
    if (has_errors()) return std::move(faults_);
    configuration_.warnings = std::move(faults_);
    configuration_.hash = hash_of(configuration_);
    return std::move(configuration_);
  }

 private:
  bool has_errors() const {
    return std::any_of(faults_.begin(), faults_.end(), [](const Fault& fault) { return !fault.warning; });
  }

  void read_platform() {
    PlatformReader platform(reader_, configuration_);
    bool complete = true;
    start_ = {"holdfast", 0, 0};
    if (!sources_.platform_file.empty()) {
      start_ = {sources_.platform_file, 1, 1};
      const auto document = read(sources_.platform_file, start_);
      complete = document && document->complete;
      if (document) platform.read_file(*document);
    }
    platform.read_flags(sources_.flags);
    platform.finish(start_, complete);
    const std::string& policy = configuration_.platform.policy;
    const Origin* origin = configuration_.origins.find("policy");
    if (policy.empty() || origin == nullptr) {
      policies().apply_profile(configuration_.profile);
      return;
    }
    const bool from_platform_file = origin->place.line != 0;
    const std::string path = from_platform_file ? beside(sources_.platform_file, policy) : policy;
    configuration_.platform.policy = path;
    read_policy(path, origin->place);
  }

  // A relative path in a file is relative to that file.
  static std::string beside(const std::string& file, const std::string& path) {
    return (fs::path(file).parent_path() / path).lexically_normal().string();
  }

  void read_policy(const std::string& path, const Place& named_at) {
    const auto document = read(path, named_at);
    if (document) {
      policies().read_file(*document);
    } else {
      policies().apply_profile(configuration_.profile);
    }
  }

  PolicyReader policies() { return {reader_, configuration_, catalog_.sections, environment_.today}; }

  // `named_at` is where the file is named: the place of the fault when it cannot be read.
  std::optional<Document> read(const std::string& path, const Place& named_at) {
    FileText text = sources_.read(path);
    if (!text) {
      Fault fault = std::move(text).error();
      if (named_at.file != path) fault.place = named_at;
      faults_.push_back(std::move(fault));
      return std::nullopt;
    }
    configuration_.files.push_back(path);
    return read_document(path, text.value(), faults_);
  }

  const Sources& sources_;
  const Catalog& catalog_;
  const Environment& environment_;
  std::vector<Fault> faults_;
  Configuration configuration_;
  Reader reader_;
  Place start_;
};

}  // namespace

const LoadedPolicy* Configuration::find(std::string_view policy) const noexcept {
  for (const LoadedPolicy& one : policies) {
    if (one.section->name() == policy) return &one;
  }
  return nullptr;
}

std::optional<ByteCount> memory_bound(const Configuration& configuration, const Environment& machine) noexcept {
  const std::optional<ByteCount>& set = configuration.platform.memory;
  if (!set || !machine.memory_limit) return set ? set : machine.memory_limit;
  return ByteCount{std::min(set->bytes, machine.memory_limit->bytes)};
}

Result<Configuration, std::vector<Fault>> load(const Sources& sources, const Catalog& catalog,
                                               const Environment& environment) {
  return Loading(sources, catalog, environment).run();
}

FileKind file_kind(std::string_view file, std::string_view bytes) {
  constexpr std::array<std::string_view, 4> of_policy{"profile", "policies", "routes", "acceptRisk"};
  std::vector<Fault> ignored;
  const Document document = read_document(file, bytes, ignored);
  const auto has = [&document](std::string_view key) { return document.root.find(key) != nullptr; };
  if (has("listen") || has("upstream")) return FileKind::platform;
  return std::any_of(of_policy.begin(), of_policy.end(), has) ? FileKind::policy : FileKind::platform;
}

}  // namespace holdfast::config
