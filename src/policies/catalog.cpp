#include "policies/catalog.h"

#include <array>

namespace holdfast::policies {

std::span<const CatalogLine> catalog() {
  static const std::array lines{
      request_id(),  // first: whatever happens next is told under this id
      redaction(),   // before anything that prints: names are marked while the head is parsed
      tracing(),     // the second name of an exchange; refused requests have it too
      timeouts(),    // data for the engine
      limits(),      // data for the engine; its body limit needs the route, which is known by now
      rate_limit(),  // the last that may refuse: a request that was wrong anyway does not use up a client's rate
      errors(),      // first on the way back: what it replaces is what all others see
      drain(),       // data for the engine
      metrics(),     // counts what the client was told
      access_log(),  // last: its line says everything, and a slow line delays nothing else
  };
  return lines;
}

std::vector<const config::AnySection*> sections() {
  std::vector<const config::AnySection*> all;
  for (const CatalogLine& line : catalog()) all.push_back(line.section);
  return all;
}

std::vector<config::CrossRule> cross_rules() {
  std::vector<config::CrossRule> all;
  for (const CatalogLine& line : catalog()) {
    if (line.cross_rule != nullptr) all.push_back(line.cross_rule);
  }
  return all;
}

std::unique_ptr<Pipeline> build_pipeline(const config::Configuration& configuration, const Plan& plan,
                                         Services& services) {
  auto pipeline = std::make_unique<Pipeline>();
  for (std::size_t i = 0; i < catalog().size(); ++i) {
    const CatalogLine& line = catalog()[i];
    const PolicySettings settings(configuration, i);
    pipeline->name_next(line.section->name().c_str());
    if (line.hooks != nullptr && !settings.disabled()) line.hooks(settings, plan, services, *pipeline);
  }
  return pipeline;
}

}  // namespace holdfast::policies
