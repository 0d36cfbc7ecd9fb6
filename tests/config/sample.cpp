#include "config/sample.h"

namespace holdfast::config::sample {
namespace {

using namespace std::chrono_literals;
using namespace literals;

const Section<Timeouts> timeouts =
    Section<Timeouts>("timeouts", "A bound on every wait.", Modes::with_report)
        .duration("connect", &Timeouts::connect, {1ms, 1h}, "To connect to the app.")
        .duration("firstByte", &Timeouts::first_byte, {1ms, 1h}, "To the head of the response.", routable)
        .duration("request", &Timeouts::request, {1ms, 1h}, "For the whole exchange.", routable)
        .choice("expiredStatus", &Timeouts::expired_status, {{"504", 504}, {"408", 408}, {"503", 503}},
                "The status when it expires.")
        .rule([](const Timeouts& t, RuleReport& report) {
          if (t.request && t.first_byte > *t.request) {
            report.fault({"firstByte", "request"}, "firstByte is longer than request", "raise request");
          }
        });
const Section<Limits> limits =
    Section<Limits>("limits", "A bound on what can grow.", Modes::with_report)
        .size("body", &Limits::body, {1_B, 1_GiB}, "Of a request.", routable)
        .count("connectionsPerClient", &Limits::connections_per_client, {1, 10'000}, "By client address.")
        .count("queue", &Limits::queue, {0, 10'000}, "Requests that wait.");
const Section<Redaction> redaction =
    Section<Redaction>("redaction", "What is never printed.", Modes::always)
        .words("headers", &Redaction::headers, check_header_name, "Names of fields.", Words::keep_defaults);
const Section<Errors> errors =
    Section<Errors>("errors", "What a client is told.", Modes::enforce_disabled)
        .flag("replace5xx", &Errors::replace5xx, "Replaces the body of a 5xx.", routable)
        .text("message", &Errors::message, check_message, "What a 5xx says.", routable)
        .choice("format", &Errors::format, {{"simple", Format::simple}, {"problem", Format::problem}},
                "How it is said.")
        .share("sample", &Errors::sample, {{0}, {1'000'000}}, "A share.")
        .rate("rate", &Errors::rate, {{1'000}, {1'000'000}}, "A rate.")
        .count_range("acceptLength", &Errors::accept_length, {1, 256}, "Two numbers.")
        .standard_mode(Mode::enforce);

void grace_covers_request(const Configuration& configuration, const Environment&, FaultSink& sink) {
  const LoadedPolicy* policy = configuration.find("timeouts");
  if (policy == nullptr) return;
  const auto& request = policy->settings.as<Timeouts>().request;
  if (configuration.has_platform && request && *request > configuration.platform.termination_grace) {
    sink.fault("nothing.here terminationGrace timeouts.request", "rule", "terminationGrace is shorter than request",
               "raise it");
  }
}

}  // namespace

const Catalog& catalog() {
  static const Catalog all{{&timeouts, &limits, &redaction, &errors}, {grace_covers_request}};
  return all;
}

Environment environment() {
  Environment machine;
  machine.today = std::chrono::year(2026) / 11 / 22;
  return machine;
}

Result<Configuration, std::vector<Fault>> load_from(const Files& files, const std::string& platform_file,
                                                    std::vector<FlagValue> flags) {
  Sources sources;
  sources.platform_file = platform_file;
  sources.flags = std::move(flags);
  sources.read = [&files](const std::string& path) -> FileText {
    const auto found = files.find(path);
    if (found == files.end()) return Fault{{path, 0, 0}, "unreadable-file", "cannot read " + path, {}, {}, false};
    return found->second;
  };
  return load(sources, catalog(), environment());
}

Result<Configuration, std::vector<Fault>> load_policy(const std::string& text) {
  Sources sources;
  sources.policy_alone = "p";
  sources.read = [&text](const std::string&) -> FileText { return text; };
  return load(sources, catalog(), environment());
}

Result<Configuration, std::vector<Fault>> load_platform(const std::string& text, std::vector<FlagValue> flags) {
  return load_from({{"p", text}}, "p", std::move(flags));
}

std::vector<std::string> places(const Result<Configuration, std::vector<Fault>>& loaded) {
  std::vector<std::string> out;
  for (const Fault& fault : loaded ? loaded.value().warnings : loaded.error()) {
    out.push_back(std::to_string(fault.place.line) + ":" + std::to_string(fault.place.column) + " " + fault.code);
  }
  return out;
}

std::string listed(const std::vector<std::string>& places) {
  std::string out;
  for (const std::string& one : places) out += (out.empty() ? "" : ", ") + one;
  return out;
}

std::string printed(const Result<Configuration, std::vector<Fault>>& loaded) {
  std::string out;
  for (const Fault& fault : loaded ? loaded.value().warnings : loaded.error()) out += to_text(fault) + "\n";
  return out;
}

}  // namespace holdfast::config::sample
