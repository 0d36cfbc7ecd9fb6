#include "proxy/app_probe.h"

#include <utility>

namespace holdfast::proxy {
namespace {

constexpr Duration shared_for = std::chrono::seconds(1);
constexpr std::size_t most_waiting = 16;

LocalResponse answer_of(bool well, const char* why) {
  LocalResponse response;
  if (!well) response.status = 503;
  response.content = std::string(well ? "ok" : why) + "\n";
  return response;
}

}  // namespace

AppProbe::AppProbe(WorkerContext& context, net::Connector& connector, AppProbeSpec spec)
    : context_(context),
      name_(std::move(spec.name)),
      question_(context, connector, *this, std::move(spec.head), spec.within) {}

void AppProbe::ask(Responder responder) {
  if (asked_once_ && !question_.under_way() && context_.now - last_.at < shared_for) {
    return responder.answer(answer_of(last_.well, last_.why));
  }
  if (!question_.under_way()) waiting_.clear();  // who waits for a question that could not be asked
  if (waiting_.size() >= most_waiting) return responder.answer(answer_of(false, "too many ask for this probe"));
  waiting_.push_back(responder);
  if (!question_.under_way()) question_.ask();
}

void AppProbe::on_app_answered(bool well, const char* why) noexcept {
  last_ = {well, why, context_.now};
  asked_once_ = true;
  try {
    answer_all();
  } catch (...) {
    waiting_.clear();  // no memory left for an answer: the kubelet's own timeout counts
  }
}

void AppProbe::answer_all() {
  const std::vector<Responder> waiting = std::exchange(waiting_, {});
  for (const Responder& one : waiting) one.answer(answer_of(last_.well, last_.why));
}

}  // namespace holdfast::proxy
