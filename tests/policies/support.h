// support: a configuration without files, an exchange without a proxy, and one worker's services without a thread.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policies/catalog.h"
#include "telemetry/log_writer.h"

namespace holdfast::policies {

// Profile standard@1, changed setting by setting: `.set("timeouts.firstByte", "2s")`. Origins are the key itself.
class TestConfiguration {
 public:
  TestConfiguration();
  TestConfiguration& set(std::string_view key, std::string_view value, std::string_view route = {});
  TestConfiguration& list(std::string_view key, std::vector<std::string_view> items);
  TestConfiguration& mode(std::string_view policy, config::Mode mode);
  TestConfiguration& route(std::string name, std::string method, std::string path);

  config::Configuration value;

 private:
  config::AnySettings& settings(std::string_view policy, std::string_view route);
  void read(std::string_view key, const config::Given& given, std::string_view route);
};

// What the rules across sections said.
struct Heard final : config::FaultSink, config::RuleReport {
  std::vector<std::string> faults, warnings, fixes;
  void fault(std::string_view setting, std::string_view, std::string sentence, std::string fix) override {
    faults.push_back(std::string(setting) + ": " + sentence);
    fixes.push_back(std::move(fix));
  }
  void warn(std::string_view setting, std::string_view, std::string sentence, std::string fix) override {
    warnings.push_back(std::string(setting) + ": " + sentence);
    fixes.push_back(std::move(fix));
  }
  void fault(std::initializer_list<std::string_view> keys, std::string sentence, std::string fix) override {
    fault(*keys.begin(), "", std::move(sentence), std::move(fix));
  }
  void warn(std::initializer_list<std::string_view> keys, std::string sentence, std::string fix) override {
    warn(*keys.begin(), "", std::move(sentence), std::move(fix));
  }
};
Heard check(const TestConfiguration& configuration, const config::Environment& machine = {});

// One worker with a plan, its pipeline and everything they use.
class TestWorker {
 public:
  explicit TestWorker(const TestConfiguration& configuration);
  ~TestWorker();

  // Puts the exchange at the end of its request head: `GET /path` with fields as given, from 192.0.2.7.
  using Lines = std::vector<std::pair<std::string_view, std::string_view>>;
  Exchange& begin(std::string_view method = "GET", std::string_view target = "/", const Lines& fields = {});
  Verdict request() { return pipeline->on_request(x, entered_); }
  void respond(std::uint16_t status);
  std::string complete();  // the lines written so far
  std::string scrape() { return metrics_.expose(); }
  void set_access_level(telemetry::Level level);

  Exchange x;
  std::unique_ptr<Plan> plan;
  std::unique_ptr<Pipeline> pipeline;
  TimePoint now{std::chrono::hours(1)};

 private:
  RateTable rates_{1000};
  telemetry::LogWriter writer_;
  telemetry::Loggers loggers_;
  telemetry::Registry metrics_;
  Services services_;
  ConnectionFacts connection_;
  std::string bytes_;
  int entered_ = 0;
};

// The value that an edit sets, or "" when none does.
std::string_view edited(const FieldEdits& edits, std::string_view name);

bool contains(std::string_view text, std::string_view part);

}  // namespace holdfast::policies
