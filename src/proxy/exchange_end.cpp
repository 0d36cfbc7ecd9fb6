// How an exchange ends: well, by a failure, by a client that leaves, or by an exception.
#include "policies/in_progress.h"
#include "proxy/exchange.h"

namespace holdfast::proxy {
namespace {

// False when `step` threw.
template <class Step>
bool attempt(const Step& step) noexcept {
  try {
    step();
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

void Exchange::gone() {
  if (x_.error.reason == Reason::ok) {
    x_.error = {.reason = Reason::downstream_gone};
    x_.truncated = response_half_ == ResponseHalf::streaming;
    if (response_half_ == ResponseHalf::none) x_.status = failure(Reason::downstream_gone).status;
  }
  if (tunnel_) {  // a tunnel that its client ends has ended well
    x_.error = {.reason = Reason::ok};
    x_.truncated = false;
  }
  stop_upstream();
  request_half_ = RequestHalf::cut;
  response_half_ = ResponseHalf::cut;
  finish();
}

// Everything was said, but not everything was taken.
void Exchange::left_early() {
  if (client_lost_ || client_->unsent() != 0) {
    if (x_.error.reason == Reason::ok) x_.error = {.reason = Reason::downstream_gone};
    x_.truncated = true;
    response_half_ = ResponseHalf::cut;
  }
  finish();
}

// Nobody's fault but ours, and a tunnel ends well.
void Exchange::cut() {
  if (over_) return;
  if (tunnel_) return on_downstream_lost();
  x_.now = context_.now;
  fail({.reason = Reason::draining});
  settle();
}

// The one way from a failure to its consequences. The first failure counts.
void Exchange::fail(const Error& error) {
  if (over_) return;
  if (x_.error.reason == Reason::ok) x_.error = error;
  if (error.reason == Reason::downstream_gone) return gone();
  const bool was_head = request_half_ == RequestHalf::head;
  const bool whole_head = request_half_ == RequestHalf::gated || (was_head && x_.request_head_complete);
  const bool ended = request_half_ == RequestHalf::done || (whole_head && !has_content());
  stop_upstream();
  if (response_half_ != ResponseHalf::none) {
    x_.truncated = true;
    response_half_ = ResponseHalf::cut;
    if (!ended) request_half_ = RequestHalf::cut;
    return;
  }
  request_half_ = ended ? RequestHalf::done : RequestHalf::discarding;
  close_after_ = close_after_ || !ended || was_head;
  local_reply();
}

void Exchange::stop_upstream() noexcept {
  phase_deadline_.disarm();
  request_deadline_.disarm();
  idle_deadline_.disarm();
  wait_for_client(false);
  if (origin_wait != nullptr) to_.origin->give_up(*this);
  origin_wait = nullptr;
  if (to_.admission != nullptr) to_.admission->leave_queue(*this);
  lease_.end(false);
  origin_dirty_ = cause_open_ = false;
}

// All is said, or nothing more can be. Runs on_complete() and hands the client's stream back.
void Exchange::finish() {
  if (over_) return;
  over_ = true;
  x_.at.response_done = x_.now = context_.now;
  const bool clean = request_half_ == RequestHalf::done && response_clean_;
  lease_.end(clean);
  stop_upstream();
  if (slot_held_) to_.admission->leave(*this);
  slot_held_ = false;
  context_.counters.exchanges.store(context_.counters.exchanges.load(std::memory_order_relaxed) + 1,
                                    std::memory_order_relaxed);
  if (tunnel_) WorkerCounters::add(context_.counters.tunnels, -1);
  Ending ending = Ending::keep;
  if (response_half_ == ResponseHalf::cut) {
    ending = Ending::cut;
  } else if (tunnel_) {
    ending = Ending::close;
  } else if (request_half_ == RequestHalf::discarding && !request_ended_) {
    ending = Ending::linger;
  } else if (must_close()) {
    ending = Ending::close;
  }
  complete();
  std::exchange(client_, nullptr)->exchange_over(ending);
}

// Each step may fail in its turn, for want of memory for instance; the next one demands less.
void Exchange::on_exception(std::string_view text) noexcept {
  settling_ = false;
  if (client_ == nullptr) return;
  if (!over_ && attempt([&] { answer_exception(text); })) return;
  if (!over_ && attempt([this] { cut_short(); })) return;
  while (!view_->pipeline->completed(hooks_completed_)) attempt([this] { complete(); });
  std::exchange(client_, nullptr)->exchange_over(Ending::cut);
}

void Exchange::answer_exception(std::string_view text) {
  x_.cause.clear();  // it may hold the app's words
  if (const char* policy = policies::in_progress.policy) x_.cause.append(policy).append(": ");
  x_.cause.append(text.substr(0, 512));
  close_after_ = true;
  fail({.reason = Reason::internal, .detail = "exception"});
  settle();
}

void Exchange::cut_short() {
  if (x_.error.reason == Reason::ok) x_.error = {.reason = Reason::internal, .detail = "exception"};
  if (x_.status == 0) x_.status = failure(x_.error.reason).status;
  response_half_ = ResponseHalf::cut;
  finish();
}

}  // namespace holdfast::proxy
