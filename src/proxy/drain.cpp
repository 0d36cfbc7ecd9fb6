#include "proxy/drain.h"

namespace holdfast::proxy {
namespace {

constexpr Duration look_every = std::chrono::milliseconds(50);
constexpr Duration after_cut = std::chrono::milliseconds(500);  // what was cut gets this long to be gone

LocalResponse answer_of(const DrainReport& report) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(report.took).count();
  LocalResponse response;
  response.content_type = "application/json";
  response.content = std::string("{\"drained\":") + (report.drained ? "true" : "false") +
                     ",\"cut\":" + std::to_string(report.cut) + ",\"ms\":" + std::to_string(ms) + "}\n";
  return response;
}

}  // namespace

Drain::Drain(WorkerContext& context, DrainUser& user)
    : context_(context), user_(user), step_(&Drain::step_due, this), undo_(&Drain::undo_due, this) {}

void Drain::start(const DrainTimes& times, bool for_good) {
  for_good_ = for_good_ || for_good;
  if (for_good_) undo_.disarm();
  if (phase_ == Phase::drained && for_good) return user_.drain_over(report_);
  if (phase_ != Phase::serving) return;
  times_ = times;
  phase_ = Phase::announced;
  cut_ = false;
  cut_before_ = user_.drain_cut_count();
  began_ = context_.now;
  user_.drain_announce(true);
  if (!for_good_) context_.deadlines.arm(undo_, context_.now, times.grace);
  if (times.announce <= Duration{}) return step();
  context_.deadlines.arm(step_, context_.now, times.announce);
}

void Drain::tell(Responder responder) {
  if (phase_ == Phase::drained) return responder.answer(answer_of(report_));
  waiting_.push_back(responder);
}

void Drain::step() {
  context_.deadlines.arm(step_, context_.now, look_every);  // first: what follows may need memory
  if (phase_ == Phase::announced) {
    phase_ = Phase::finishing;
    finish_began_ = context_.now;
    user_.drain_finish();
  } else if (user_.drain_complete()) {
    return over(!cut_);
  } else if (!cut_ && context_.now - finish_began_ >= times_.finish) {
    cut_ = true;
    user_.drain_cut();
  } else if (cut_ && context_.now - finish_began_ >= times_.finish + after_cut) {
    return over(false);
  }
}

void Drain::over(bool drained) {
  phase_ = Phase::drained;
  step_.disarm();
  report_ = {.drained = drained, .cut = user_.drain_cut_count() - cut_before_, .took = context_.now - began_};
  user_.drain_over(report_);
  for (const Responder& responder : waiting_) responder.answer(answer_of(report_));
  waiting_.clear();
}

void Drain::undo() {
  if (for_good_ || phase_ == Phase::serving) return;
  phase_ = Phase::serving;
  step_.disarm();
  user_.drain_undo();
  user_.drain_announce(false);
  report_ = {.drained = false, .took = context_.now - began_};
  for (const Responder& responder : waiting_) responder.answer(answer_of(report_));
  waiting_.clear();
}

}  // namespace holdfast::proxy
