#include "scenario_snapshot.h"

#include <stdexcept>

#include "config/configuration.h"
#include "config/loader.h"
#include "policies/catalog.h"

namespace holdfast::testing {
namespace {

class ThrowingPolicy final : public policies::Policy {
 public:
  policies::Verdict on_request(policies::Exchange& x) override {
    throw_if(x, "request");
    return std::nullopt;
  }
  void on_response(policies::Exchange& x) override { throw_if(x, "response"); }
  void on_complete(const policies::Exchange& x) override { throw_if(x, "complete"); }

 private:
  static void throw_if(const policies::Exchange& x, std::string_view where) {
    for (const http::Field& field : x.request.fields) {
      if (x.request.name(field) == "x-throw" && x.request.value(field) == where)
        throw std::runtime_error("thrown by a hook");
    }
  }
};

}  // namespace

proxy::SnapshotPtr load_snapshot(const Options& options) {
  config::Sources sources;
  sources.platform_file = "holdfast.yaml";
  sources.read = [&options](const std::string& path) -> config::FileText {
    if (path == "holdfast.yaml") {
      return "version: 1\nservice: users\nlisten: 127.0.0.1:8080\nupstream: {address: 127.0.0.1:3000}\nforwarded: "
             "{trustedHops: " +
             std::to_string(options.trusted_hops) + "}\npolicy: policy.yaml\n";
    }
    std::string text = "version: 1\nprofile: " + options.profile + "\n";
    if (!options.policies.empty()) text += "policies:\n" + options.policies + "\n";
    return text + "routes: " + options.routes + "\n";
  };
  auto loaded = config::load(sources, {policies::sections(), policies::cross_rules()}, {});
  if (!loaded) {
    for (const config::Fault& fault : loaded.error()) MESSAGE(config::to_text(fault));
    throw std::runtime_error("the scenario's configuration is faulty");
  }
  auto snapshot = std::make_shared<proxy::Snapshot>();
  snapshot->configuration = std::make_unique<const config::Configuration>(std::move(loaded).value());
  snapshot->plan = policies::build_plan(*snapshot->configuration);
  return snapshot;
}

void add_throwing_policy(policies::Pipeline& pipeline) {
  pipeline.name_next("throwing");
  pipeline.add(std::make_unique<ThrowingPolicy>(), policies::Pipeline::Responses::every);
}

}  // namespace holdfast::testing
