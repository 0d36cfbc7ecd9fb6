#include "proxy/health.h"

namespace holdfast::proxy {
namespace {

constexpr Duration every = std::chrono::seconds(2);
constexpr Duration first_tries = std::chrono::milliseconds(100);  // until it was well once: start-up is not waited out
constexpr Duration answer_within = std::chrono::seconds(1);
constexpr std::uint32_t failures_for_down = 3;

std::string head_of(const std::string& request, const std::string& authority) {
  if (request.empty()) return {};
  return request + " HTTP/1.1\r\nhost: " + authority + "\r\nuser-agent: holdfast-health\r\nconnection: close\r\n\r\n";
}

}  // namespace

Health::Health(WorkerContext& context, net::Connector& connector, const std::string& request,
               const std::string& authority, HealthUser& user)
    : context_(context),
      user_(user),
      question_(context, connector, *this, head_of(request, authority), answer_within),
      next_(&Health::check_due, this) {}

void Health::check() {
  context_.deadlines.arm(next_, context_.now, every);  // first: asking needs memory
  if (!question_.under_way()) question_.ask();
}

void Health::on_app_answered(bool well, const char* why) noexcept {
  failures_ = well ? 0 : failures_ + 1;
  const bool was = healthy_;
  once_well_ = once_well_ || well;
  if (well) healthy_ = true;
  if (failures_ >= failures_for_down) healthy_ = false;
  if (!well) why_ = why;
  if (was != healthy_) user_.on_health_changed(healthy_, why);
  context_.deadlines.arm(next_, context_.now, once_well_ || failures_ > 100 ? every : first_tries);
}

}  // namespace holdfast::proxy
