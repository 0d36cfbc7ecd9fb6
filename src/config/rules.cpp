// Places for the faults of rules: where a file or flag set the value, else where the values were left as they are.
#include "config/rules.h"

#include <algorithm>

#include "config/codes.h"

namespace holdfast::config {
namespace {

class SectionRules final : public RuleReport {
 public:
  SectionRules(Reader& reader, std::string name, std::span<const std::string> prefixes, const Place& otherwise)
      : reader_(reader), name_(std::move(name)), prefixes_(prefixes), otherwise_(otherwise) {}

  void fault(std::initializer_list<std::string_view> keys, std::string sentence, std::string fix) override {
    reader_.fault(place(keys), code::rule, name_ + ": " + std::move(sentence), std::move(fix));
  }
  void warn(std::initializer_list<std::string_view> keys, std::string sentence, std::string fix) override {
    reader_.warn(place(keys), code::rule, name_ + ": " + std::move(sentence), std::move(fix));
  }

 private:
  Place place(std::initializer_list<std::string_view> keys) const {
    for (const std::string& prefix : prefixes_) {
      for (const std::string_view key : keys) {
        const Origin* origin = reader_.origins().find(prefix + std::string(key));
        if (origin != nullptr && !origin->place.file.empty()) return origin->place;
      }
    }
    return otherwise_;
  }

  Reader& reader_;
  std::string name_;
  std::span<const std::string> prefixes_;
  const Place& otherwise_;
};

class CrossRules final : public FaultSink {
 public:
  CrossRules(Reader& reader, const Place& otherwise) : reader_(reader), otherwise_(otherwise) {}

  void fault(std::string_view setting, std::string_view code, std::string sentence, std::string fix) override {
    reader_.fault(place(setting), code, std::move(sentence), std::move(fix));
  }
  void warn(std::string_view setting, std::string_view code, std::string sentence, std::string fix) override {
    reader_.warn(place(setting), code, std::move(sentence), std::move(fix));
  }

 private:
  Place place(std::string_view settings) const {
    while (!settings.empty()) {
      const std::size_t space = std::min(settings.find(' '), settings.size());
      const Origin* origin = reader_.origins().find(settings.substr(0, space));
      if (origin != nullptr && !origin->place.file.empty()) return origin->place;
      settings.remove_prefix(std::min(space + 1, settings.size()));
    }
    return otherwise_;
  }

  Reader& reader_;
  const Place& otherwise_;
};

}  // namespace

void check_rules(Reader& reader, const AnySection& section, const AnySettings& settings,
                 std::span<const std::string> prefixes, const Place& otherwise) {
  SectionRules report(reader, section.name(), prefixes, otherwise);
  section.check(settings, report);
}

void check_cross_rules(Reader& reader, std::span<const CrossRule> rules, const Configuration& configuration,
                       const Environment& environment, const Place& otherwise) {
  CrossRules sink(reader, otherwise);
  for (const CrossRule rule : rules) rule(configuration, environment, sink);
}

}  // namespace holdfast::config
