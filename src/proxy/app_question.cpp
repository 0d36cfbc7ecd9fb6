#include "proxy/app_question.h"

#include <array>
#include <cerrno>
#include <utility>

#include "http/h1_parser.h"

namespace holdfast::proxy {
namespace {

constexpr std::size_t head_max = 32U << 10U;

}  // namespace

class AppQuestion::Buried final : public Mortal {
 public:
  std::unique_ptr<net::Dial> dial;
  std::unique_ptr<net::Transport> transport;
};

AppQuestion::AppQuestion(WorkerContext& context, net::Connector& connector, AppQuestionUser& user, std::string head,
                         Duration within)
    : context_(context),
      connector_(connector),
      user_(user),
      head_(std::move(head)),
      within_(within),
      limit_(&AppQuestion::slow, this) {}

AppQuestion::~AppQuestion() = default;

void AppQuestion::ask() {
  received_.clear();
  grave_ = std::make_unique<Buried>();
  context_.deadlines.arm(limit_, context_.now, within_);
  dial_ = connector_.dial(*this);
}

void AppQuestion::on_dial_failed(int error) noexcept {
  if (error == EMFILE || error == ENFILE) return done(false, "no descriptor left to ask it");
  done(false, error == ECONNREFUSED ? "connection refused" : "no connection");
}

void AppQuestion::on_connected(std::unique_ptr<net::Transport> transport) noexcept {
  transport_ = std::move(transport);
  if (head_.empty()) return done(true, "");
  transport_->attach(*this);
  const iovec part{const_cast<char*>(head_.data()), head_.size()};
  if (transport_->write({&part, 1}).bytes != head_.size()) done(false, "connection lost");
}

void AppQuestion::on_readable() noexcept {
  if (!transport_) return;
  std::array<char, 4096> bytes{};
  const net::Io io = transport_->read(bytes.data(), bytes.size());
  if (io.state == net::Io::State::blocked) return;
  if (io.state != net::Io::State::ok) return done(false, "connection closed without an answer");
  try {
    judge({bytes.data(), io.bytes});
  } catch (...) {
    done(false, "no memory left for its answer");
  }
}

void AppQuestion::judge(std::string_view bytes) {
  received_.append(bytes);
  while (judge_head()) {
  }
}

// True after an interim response, which says nothing yet.
bool AppQuestion::judge_head() {
  const http::HeadLimits limits{.head_bytes = head_max, .fields = 1000, .target_bytes = 0};
  const http::FieldNames names;
  http::ResponseHead head;
  http::ResponseParser parser;
  parser.start(limits, names, {});
  switch (parser.parse(received_.data(), received_.size(), head)) {
    case http::Progress::need_more: return false;
    case http::Progress::failed: done(false, "not an HTTP response"); return false;
    case http::Progress::done: break;
  }
  if (head.status < 200 && head.status != 101) {
    received_.erase(0, head.size);
    return !received_.empty();
  }
  done(head.status >= 200 && head.status < 400, "unhealthy status");
  return false;
}

void AppQuestion::done(bool well, const char* why) noexcept {
  limit_.disarm();
  if (!grave_) return;
  grave_->dial = std::move(dial_);
  grave_->transport = std::move(transport_);
  context_.bury(std::move(grave_));
  user_.on_app_answered(well, well ? "" : why);
}

}  // namespace holdfast::proxy
