// rateLimit: how often one client may ask, exact for the process.
//
// GCRA: `burst` requests at once, then `rate` per second. A route that changes rate or burst has a budget of its own;
// all others share the service's. The table has a fixed size and outlives configuration snapshots.
#include "policies/catalog_line.h"

namespace holdfast::policies {
namespace {

using config::routable;

enum class RateKey : std::uint8_t { client_ip, global };

struct RateLimit {
  RateKey key = RateKey::client_ip;
  std::optional<Rate> rate = Rate{50'000};
  std::uint32_t burst = 100;
  std::uint32_t keys_max = 10'000;
};

// What applies on one route.
struct Budget {
  std::optional<Rate> rate;
  std::uint32_t burst = 1;
  std::uint64_t seed = 0;  // separates the keys of budgets
  const Rule* rule = nullptr;
};

class RateLimitPolicy final : public Policy {
 public:
  RateLimitPolicy(std::vector<Budget> budgets, RateKey key, bool report, RateTable& table)
      : budgets_(std::move(budgets)), table_(table), key_(key), report_(report) {}

  Verdict on_request(Exchange& x) override {
    const Budget& budget = budgets_[x.route->index];
    if (!budget.rate) return std::nullopt;
    const std::string_view who = key_ == RateKey::global ? std::string_view() : x.client.identity();
    const auto answer = table_.ask(limit_key(budget.seed, who.data(), who.size()), x.now, *budget.rate, budget.burst);
    if (answer.allowed) return std::nullopt;
    if (report_) {
      x.would_have(Reason::rate_limited, budget.rule);
      return std::nullopt;
    }
    x.retry_after_seconds = whole_seconds(answer.retry_after);
    return Error{.reason = Reason::rate_limited, .rule = budget.rule, .limit = budget.burst};
  }

 private:
  static std::uint32_t whole_seconds(Duration wait) noexcept {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 1, UINT32_MAX));
  }

  std::vector<Budget> budgets_;  // by route
  RateTable& table_;
  RateKey key_;
  bool report_;
};

void plan_rate_limit(const PolicySettings& settings, Plan& plan) {
  plan.listener.rate_keys_max = settings.service<RateLimit>().keys_max;
}

void add_hooks(const PolicySettings& settings, const Plan& plan, Services& services, Pipeline& pipeline) {
  const auto& service = settings.service<RateLimit>();
  std::vector<Budget> budgets;
  for (const RoutePlan& route : plan.routes) {
    const auto& here = settings.on_route<RateLimit>(route.index);
    const bool own = here.rate != service.rate || here.burst != service.burst;
    // By name, so that a reload that moves a route does not give its clients a new budget.
    const std::uint64_t seed =
        own ? limit_key(services.rate_seed, route.name.data(), route.name.size()).bits : services.rate_seed;
    budgets.push_back({here.rate, here.burst, seed, plan.rule("rateLimit", "rate", route.index)});
  }
  pipeline.add(std::make_unique<RateLimitPolicy>(std::move(budgets), service.key, settings.reported(), services.rates));
}

}  // namespace

CatalogLine rate_limit() {
  static const auto section =
      config::Section<RateLimit>("rateLimit",
                                 "How often one client may ask; beyond it the answer is 429 with Retry-After.",
                                 config::Modes::with_report)
          .standard_mode(config::Mode::report)
          .choice("key", &RateLimit::key, {{"clientIp", RateKey::client_ip}, {"global", RateKey::global}},
                  "Whose requests are counted together: one client's (an IPv6 client is its /64), or everybody's.")
          .rate("rate", &RateLimit::rate, {{1}, {1'000'000'000}}, "Requests per second in the long run.", routable)
          .count("burst", &RateLimit::burst, {1, 1'000'000}, "Requests that may come at once.", routable)
          .count("keysMax", &RateLimit::keys_max, {1, 1'000'000},
                 "Clients remembered at the same time; beyond it the one that asked least recently is forgotten. Fixed "
                 "at start.");
  return {.section = &section, .plan = plan_rate_limit, .hooks = add_hooks};
}

}  // namespace holdfast::policies
