#include "policies/plan.h"

#include <array>

#include "policies/catalog.h"

namespace holdfast::policies {
namespace {

constexpr std::size_t usual_path = 1024;

void add_rule(Plan& plan, const config::Configuration& configuration, std::string key, std::string_view policy,
              std::string_view setting) {
  const std::string& origin = plan.rule_texts.emplace_back(configuration.origins.text(key));
  const Rule& rule = plan.rules.emplace_back(Rule{policy, setting, origin});
  plan.rules_by_key.emplace(std::move(key), &rule);
}

// Names of policies and settings belong to the sections, which live as long as the program.
void add_rules(Plan& plan, const config::Configuration& configuration) {
  for (const CatalogLine& line : catalog()) {
    const std::string& policy = line.section->name();
    for (const config::Field& field : line.section->fields()) {
      const std::string key = policy + "." + field.key;
      add_rule(plan, configuration, key, policy, field.key);
      for (const config::LoadedRoute& route : configuration.routes) {
        const std::string route_key = "routes." + route.name + "." + key;
        if (configuration.origins.find(route_key) != nullptr)
          add_rule(plan, configuration, route_key, policy, field.key);
      }
    }
  }
}

void add_routes(Plan& plan, const config::Configuration& configuration) {
  plan.routes.emplace_back();
  for (const config::LoadedRoute& loaded : configuration.routes) {
    RoutePlan& route = plan.routes.emplace_back();
    route.name = loaded.name;
    route.index = static_cast<std::uint32_t>(plan.routes.size() - 1);
    static_cast<void>(plan.matches.add(loaded.method, loaded.path, route.index));  // the reader accepts patterns only
  }
}

template <std::size_t longest>
const RoutePlan& match(const Plan& plan, std::string_view method, std::string_view path) noexcept {
  std::array<char, longest + 1> room;  // NOLINT(cppcoreguidelines-pro-type-member-init): only what is written is read
  return plan.routes[plan.matches.find(method, http::normalised_path(path, room), 0)];
}

}  // namespace

std::unique_ptr<Plan> build_plan(const config::Configuration& configuration) {
  auto plan = std::make_unique<Plan>();
  plan->hash = configuration.hash;
  plan->listener.service = configuration.platform.service;
  plan->listener.trusted_hops = static_cast<std::uint8_t>(configuration.platform.trusted_hops);
  add_rules(*plan, configuration);
  add_routes(*plan, configuration);
  for (std::size_t i = 0; i < catalog().size(); ++i) {
    if (catalog()[i].plan != nullptr) catalog()[i].plan(PolicySettings(configuration, i), *plan);
  }
  return plan;
}

const Rule* Plan::rule(std::string_view policy, std::string_view setting, std::uint32_t route) const {
  const std::string key = std::string(policy) + "." + std::string(setting);
  auto found = route == 0 ? rules_by_key.end() : rules_by_key.find("routes." + routes[route].name + "." + key);
  if (found == rules_by_key.end()) found = rules_by_key.find(key);
  return found == rules_by_key.end() ? nullptr : found->second;
}

const RoutePlan& Plan::route_of(std::string_view method, std::string_view path) const noexcept {
  if (matches.empty()) return routes.front();
  return path.size() <= usual_path ? match<usual_path>(*this, method, path)
                                   : match<head_bytes_ceiling>(*this, method, path);
}

}  // namespace holdfast::policies
