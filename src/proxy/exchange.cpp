// The story of an exchange, in the order in which it happens: head, gate, origin, content, end.
//
// exchange_table.h decides which of these actions an event leads to. Responses are in exchange_response.cpp, waits and
// flushing in exchange_waits.cpp, ends of every kind in exchange_end.cpp.
#include "proxy/exchange.h"

#include <algorithm>

#include "core/check.h"

namespace holdfast::proxy {

Exchange::Exchange(WorkerContext& context)
    : client_out(context.blocks),
      context_(context),
      phase_deadline_(&Exchange::phase_expired, this),
      request_deadline_(&Exchange::request_expired, this),
      idle_deadline_(&Exchange::idle_expired, this) {}

void Exchange::begin(ClientStream& client, Destination destination, ViewRef view,
                     const policies::ConnectionFacts& facts) noexcept {
  x_.clear();
  client_ = &client;
  to_ = destination;
  view_ = std::move(view);
  x_.plan = view_->plan;
  x_.route = &view_->plan->routes.front();
  x_.connection = &facts;
  x_.client = facts.peer;
  x_.now = x_.at.begun = context_.now;
  x_.wall_begun = context_.wall_now_at(context_.now);
  context_.ids.make(x_);
  parser.start(view_->request_limits, view_->plan->names);
  client_out.clear();
  request_half_ = RequestHalf::head;
  response_half_ = ResponseHalf::none;
  entered_ = -1;
  hooks_completed_ = 0;
  interims_ = 0;
  over_ = slot_held_ = retried_ = content_begun_ = request_ended_ = wants_content_ = close_after_ = false;
  client_dirty_ = origin_dirty_ = client_blocked_ = origin_blocked_ = origin_deaf_ = response_clean_ = false;
  tunnel_ = cause_open_ = cause_coded_ = settling_ = client_lost_ = false;
  reported_ = 0;
  waiting_since_ = progress_at_ = taken_at_ = window_begin_ = {};
  waited_ = upload_waited_ = {};
  window_written_ = taken_ = upload_before_ = cause_read_ = 0;
  origin_wait = nullptr;
}

void Exchange::rest() noexcept {
  phase_deadline_.disarm();
  request_deadline_.disarm();
  idle_deadline_.disarm();
  x_.request.block.reset();
  x_.response.block.reset();
  client_out.clear();
  view_ = {};
  over_ = true;
}

void Exchange::handle(const Signal& signal) {
  x_.now = context_.now;
  switch (action_of(signal.event, request_half_, response_half_)) {
    case Action::broken: HOLDFAST_CHECK(!"an event that cannot meet this state"); return;
    case Action::ignore: return;
    case Action::gate: return gate();
    case Action::refuse: return fail(*signal.error);
    case Action::acquire: return acquire(false);
    case Action::send_head: return send_head(std::move(*signal.lease));
    case Action::retry_or_fail: return retry_or_fail(signal.number);
    case Action::forward: return forward(signal.content);
    case Action::discard: x_.bytes_in += signal.content.bytes.size(); return;
    case Action::end_request:
      if (signal.event == Event::request_refused) return spoiled();
      return end_request(signal.trailers);
    case Action::interim: return interim();
    case Action::respond: return respond();
    case Action::respond_on: return respond_on(signal.content);
    case Action::end_response: return end_response(signal.trailers);
    case Action::keep_cause: return keep_cause(signal.content);
    case Action::end_cause:
      response_clean_ = response_clean_ || signal.event == Event::response_end;
      return end_cause();
    case Action::resend_or_fail: return resend_or_fail(*signal.error);
    case Action::truncate: return truncate(*signal.error);
    case Action::gone: return gone();
    case Action::finish: return left_early();
    case Action::timeout: return timeout(signal.event);
  }
}

// The head is complete: decide, then wait for a slot and for the origin.
void Exchange::gate() {
  x_.request_head_complete = true;
  x_.at.head_complete = context_.now;
  request_half_ = RequestHalf::gated;
  const std::uint8_t hops = view_->plan->listener.trusted_hops;
  if (hops > 0) {
    const ClientAddress behind = parse_client_address(http::forwarded_for(x_.request, hops));
    if (behind.family != 0) x_.client = behind;
  }
  x_.route = &view_->plan->route_of(x_.request.text(x_.request.method_text), x_.request.path());
  if (policies::Verdict refused = view_->pipeline->on_request(x_, entered_)) return fail(*refused);
  if (!check_head()) return;
  const http::Field* hops_left =
      x_.request.method == http::Method::options ? x_.request.find(http::FieldId::max_forwards) : nullptr;
  const bool last_hop =
      hops_left != nullptr && x_.request.value(*hops_left).find_first_not_of('0') == std::string::npos;
  if (last_hop) return answer_options();
  const policies::TimeBound& bound = x_.route->request;
  context_.deadlines.arm(request_deadline_, context_.now, bound.after);
  admit();
}

bool Exchange::has_content() const noexcept {
  const http::RequestHead& head = x_.request;
  return head.framing == http::Framing::chunked || (head.framing == http::Framing::length && head.content_length > 0);
}

bool Exchange::awaits_content() const noexcept {
  if (x_.request.framing == http::Framing::length) return client_->unread() < x_.request.content_length;
  return has_content();
}

// Limits on what the head says. False when the exchange failed.
bool Exchange::check_head() {
  const policies::ListenerPlan& listener = view_->plan->listener;
  const auto over = [this](const policies::SizeBound& bound, std::uint64_t seen, Reason reason) {
    if (bound.report && seen > bound.max) x_.would_have(reason, bound.rule);
  };
  over(listener.head_bytes, x_.request.size, Reason::headers_too_large);
  over(listener.fields, x_.request.fields.size(), Reason::headers_too_large);
  over(listener.target_bytes, x_.request.target.size, Reason::uri_too_long);

  const policies::SizeBound& body = x_.route->body;
  if (x_.request.framing == http::Framing::length && x_.request.content_length > body.max) {
    if (!body.report) {
      fail(
          {.reason = Reason::body_too_large, .rule = body.rule, .value = x_.request.content_length, .limit = body.max});
      return false;
    }
    x_.would_have(Reason::body_too_large, body.rule);
  }
  if (to_.admission != nullptr && context_.memory_is_short()) {
    fail({.reason = Reason::memory_pressure});
    return false;
  }
  return true;
}

void Exchange::admit() {
  if (to_.admission == nullptr) return acquire(false);
  switch (to_.admission->enter(*this)) {
    case Admission::Answer::admitted: slot_held_ = true; return acquire(false);
    case Admission::Answer::queued: return arm_phase(Event::queue_wait_due, view_->plan->listener.queue_wait);
    case Admission::Answer::full: return refuse_as_queue_full();
  }
}

void Exchange::refuse_as_queue_full() {
  const policies::CountBound& queue = view_->plan->listener.queue;
  x_.now = context_.now;
  fail({.reason = Reason::queue_full, .rule = queue.rule, .value = queue.max, .limit = queue.max});
}

void Exchange::acquire(bool fresh) {
  if (x_.at.admitted == TimePoint{}) x_.at.admitted = context_.now;
  if (Lease lease = to_.origin->acquire(*this, fresh)) return send_head(std::move(lease));
  arm_phase(Event::connect_due, x_.route->connect);
}

void Exchange::send_head(Lease lease) {
  lease_ = std::move(lease);
  origin_wait = nullptr;
  x_.at.connected = context_.now;
  const http::RequestHead& head = x_.request;
  lease_->send_request(x_, {.framing = head.framing, .length = head.content_length});
  origin_dirty_ = true;
  phase_deadline_.disarm();
  if (!has_content()) {
    request_half_ = RequestHalf::done;
    x_.at.request_sent = context_.now;
    return arm_phase(Event::first_byte_due, x_.route->first_byte);
  }
  request_half_ = RequestHalf::sending;
  wants_content_ = !head.expect_continue;
  client_->want_content(true);  // an expectation is decided by the app, but content that came unasked is not held back
  if (head.expect_continue) arm_phase(Event::first_byte_due, x_.route->first_byte);
}

void Exchange::content_came_unasked() noexcept {
  const bool gated = request_half_ == RequestHalf::gated && to_.admission != nullptr;
  if (gated && !awaits_content()) return to_.admission->content_is_here(*this);
  const bool expecting = x_.request.expect_continue && request_half_ == RequestHalf::sending && !origin_blocked_;
  if (!expecting || response_half_ != ResponseHalf::none) return;
  wants_content_ = true;
  phase_deadline_.disarm();
}

void Exchange::forward(Content content) {
  client_sent();
  x_.bytes_in += content.bytes.size();
  const policies::SizeBound& body = x_.route->body;
  if (x_.bytes_in > body.max && !tunnel_) {
    if (!body.report) {
      return fail({.reason = Reason::body_too_large, .rule = body.rule, .value = x_.bytes_in, .limit = body.max});
    }
    x_.would_have(Reason::body_too_large, body.rule);
  }
  if (sends_too_slowly()) {
    return fail({.reason = Reason::downstream_body_slow,
                 .rule = x_.route->client_body_idle.rule,
                 .detail = "slower than 512 B/s over 20 s"});
  }
  content_begun_ = true;
  progress_at_ = context_.now;
  if (origin_deaf_) return;
  lease_->send_content(content);
  origin_dirty_ = true;
}

void Exchange::end_request(std::string_view trailers) {
  client_sent();
  if (to_.admission != nullptr) to_.admission->content_is_here(*this);
  wants_content_ = false;
  if (request_half_ == RequestHalf::discarding) {
    request_ended_ = true;
    return;
  }
  request_half_ = RequestHalf::done;
  x_.at.request_sent = context_.now;
  if (tunnel_) return lease_->shutdown_write();
  content_begun_ = true;
  if (!origin_deaf_) {
    lease_->send_end(trailers);
    origin_dirty_ = true;
  }
  if (response_half_ == ResponseHalf::none) arm_phase(Event::first_byte_due, x_.route->first_byte);
}

// What is thrown away has no end that could be found: nothing more is read from this client.
void Exchange::spoiled() noexcept {
  close_after_ = true;
  wants_content_ = false;
}

// RFC 9110 7.6.2: with Max-Forwards 0 the proxy answers itself.
void Exchange::answer_options() {
  request_half_ = has_content() ? RequestHalf::discarding : RequestHalf::done;
  close_after_ = close_after_ || has_content();
  local_reply();
}

// Lost before any response byte. A request that may have been acted on is never sent twice.
void Exchange::resend_or_fail(const Error& error) {
  const bool safe = x_.upstream_reused && http::idempotent(x_.request.method) && !content_begun_ && !retried_ &&
                    interims_ == 0 && error.reason == Reason::upstream_reset && error.detail == nullptr;
  lease_.end(false);
  if (!safe || tunnel_) return fail(error);
  retried_ = x_.resent = true;
  request_half_ = RequestHalf::gated;
  wants_content_ = origin_dirty_ = origin_blocked_ = origin_deaf_ = false;
  acquire(true);
}

std::string_view Exchange::state_word() const noexcept {
  if (response_half_ != ResponseHalf::none) return over_ ? "done" : "responding";
  switch (request_half_) {
    case RequestHalf::head: return "receiving";
    case RequestHalf::gated: return "queued";
    case RequestHalf::sending:
    case RequestHalf::done: return "forwarding";
    case RequestHalf::discarding:
    case RequestHalf::cut: return "responding";
  }
  return "done";
}

}  // namespace holdfast::proxy
