#include "proxy/health.h"

#include <array>
#include <utility>

namespace holdfast::proxy {
namespace {

constexpr Duration every = std::chrono::seconds(2);
constexpr Duration first_tries = std::chrono::milliseconds(100);  // until it was well once: start-up is not waited out
constexpr Duration answer_within = std::chrono::seconds(1);
constexpr std::uint32_t failures_for_down = 3;
constexpr std::size_t head_max = 32U << 10U;

class Buried final : public Mortal {
 public:
  Buried(std::unique_ptr<net::Dial> dial, std::unique_ptr<net::Transport> transport) noexcept
      : dial_(std::move(dial)), transport_(std::move(transport)) {}

 private:
  std::unique_ptr<net::Dial> dial_;
  std::unique_ptr<net::Transport> transport_;
};

}  // namespace

Health::Health(WorkerContext& context, net::Connector& connector, std::string request, std::string authority,
               HealthUser& user)
    : context_(context),
      connector_(connector),
      request_(std::move(request)),
      authority_(std::move(authority)),
      user_(user),
      next_(&Health::check_due, this),
      limit_(&Health::slow, this) {}

void Health::start() { check(); }

void Health::check() {
  received_.clear();
  context_.deadlines.arm(limit_, context_.now, answer_within);
  dial_ = connector_.dial(*this);
}

void Health::on_dial_failed(int) noexcept { done(false, "connection refused"); }

void Health::on_connected(std::unique_ptr<net::Transport> transport) noexcept {
  if (request_.empty()) {
    context_.bury(std::make_unique<Buried>(nullptr, std::move(transport)));
    return done(true, "");
  }
  transport_ = std::move(transport);
  transport_->attach(*this);
  const std::string head =
      request_ + " HTTP/1.1\r\nhost: " + authority_ + "\r\nuser-agent: holdfast-health\r\nconnection: close\r\n\r\n";
  const iovec part{const_cast<char*>(head.data()), head.size()};
  if (transport_->write({&part, 1}).bytes != head.size()) done(false, "connection lost");
}

void Health::on_readable() noexcept {
  if (!transport_) return;
  std::array<char, 4096> bytes{};
  const net::Io io = transport_->read(bytes.data(), bytes.size());
  if (io.state == net::Io::State::blocked) return;
  if (io.state != net::Io::State::ok) return done(false, "connection closed without an answer");
  received_.append(bytes.data(), io.bytes);
  const http::HeadLimits limits{.head_bytes = head_max, .fields = 1000, .target_bytes = 0};
  const http::FieldNames names;
  http::ResponseHead head;
  http::ResponseParser parser;
  parser.start(limits, names, {});
  switch (parser.parse(received_.data(), received_.size(), head)) {
    case http::Progress::need_more: return;
    case http::Progress::failed: return done(false, "not an HTTP response");
    case http::Progress::done: return done(head.status >= 200 && head.status < 400, "unhealthy status");
  }
}

void Health::done(bool well, const char* why) {
  limit_.disarm();
  context_.bury(std::make_unique<Buried>(std::move(dial_), std::move(transport_)));
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
