// What an exchange waits for: flushing both directions, and every deadline of an exchange in one place.
#include <algorithm>
#include <cerrno>

#include "proxy/boundary.h"
#include "proxy/exchange.h"

namespace holdfast::proxy {
namespace {

// A client must take and send at least 512 B/s while it is waited for, measured over windows of 20 s. So nobody holds a
// slot for long with a few bytes at a time.
constexpr Duration slow_window = std::chrono::seconds(20);
constexpr std::uint64_t slow_bytes = std::uint64_t{512} * 20;

// The same while others wait for a slot; a shorter window says nothing of a client far away.
constexpr Duration pressed_window = std::chrono::seconds(3);
constexpr std::uint64_t pressed_bytes_per_second = std::uint64_t{16} << 10U;

bool slower_than_pressed(Duration waited, std::uint64_t bytes) noexcept {
  return waited >= pressed_window &&
         bytes < pressed_bytes_per_second * static_cast<std::uint64_t>(waited / std::chrono::seconds(1));
}

// Why a connection to the app could not even be tried; null when the app, or the way to it, is the cause.
const char* own_shortage(int error_number) noexcept {
  switch (error_number) {
    case EMFILE:
    case ENFILE: return "no descriptor left for a connection to the app";
    case EADDRNOTAVAIL: return "no local port left for a connection to the app";
    case ENOBUFS:
    case ENOMEM: return "no kernel memory left for a connection to the app";
    default: return nullptr;
  }
}

}  // namespace

// The origin could not be reached: once more when it was the first try.
void Exchange::retry_or_fail(int error_number) {
  origin_wait = nullptr;
  if (!retried_) {
    retried_ = x_.resent = true;
    if (Lease lease = to_.origin->acquire(*this, true)) return send_head(std::move(lease));
    return;  // the connect deadline goes on
  }
  if (context_.draining) return fail({.reason = Reason::draining});
  const bool up_before = context_.shared.app_has_accepted.load(std::memory_order_relaxed);
  if (const char* detail = own_shortage(error_number)) return fail({.reason = Reason::internal, .detail = detail});
  if (error_number == ETIMEDOUT) return fail({.reason = Reason::upstream_connect_slow, .rule = x_.route->connect.rule});
  fail({.reason = up_before ? Reason::upstream_refused : Reason::upstream_not_ready,
        .value = static_cast<std::uint64_t>(error_number)});
}

void Exchange::settle() {
  if (over_ || settling_) return;
  settling_ = true;
  for (int round = 0; round < 8 && !over_ && (origin_dirty_ || client_dirty_); ++round) {
    if (origin_dirty_) settle_origin();
    if (client_dirty_ && !over_) settle_client();
  }
  settling_ = false;
  if (over_) return;
  if (response_half_ == ResponseHalf::cut) return finish();
  arm_waits();
}

void Exchange::settle_origin() {
  origin_dirty_ = false;
  if (!lease_) return;
  switch (lease_->flush()) {
    case Outbox::Flushed::all:
      if (!origin_blocked_) return;
      origin_blocked_ = false;
      idle_deadline_.disarm();
      if (request_half_ != RequestHalf::sending) return;
      wants_content_ = !phase_deadline_.armed();  // armed: the app has yet to say 100
      return client_->want_content(true);         // what came unasked is not held back even so
    case Outbox::Flushed::blocked:
      if (!origin_blocked_) progress_at_ = context_.now;
      if (phase_ == Event::client_body_due) phase_deadline_.disarm();
      origin_blocked_ = true;
      wants_content_ = false;
      return client_->want_content(false);
    case Outbox::Flushed::lost:  // an answer sent before the connection broke may still be read
      origin_deaf_ = true;
      origin_blocked_ = false;
      return;
  }
}

void Exchange::settle_client() {
  client_dirty_ = false;
  switch (client_->flush()) {
    case Outbox::Flushed::all: {
      if (client_blocked_) {
        client_blocked_ = false;
        wait_for_client(false);
        progress_at_ = context_.now;
        if (lease_) lease_->want_content(true);
      }
      const bool said = response_half_ == ResponseHalf::done || (response_half_ == ResponseHalf::local && !cause_open_);
      if (said) finish();
      return;
    }
    case Outbox::Flushed::blocked:
      if (client_blocked_) return client_takes();
      client_blocked_ = true;
      window_begin_ = taken_at_ = context_.now;
      pressed_at_ = {};
      window_written_ = taken_ = client_out.written();
      idle_deadline_.disarm();  // armed again for the client
      wait_for_client(true);
      if (lease_) lease_->want_content(false);
      return;
    case Outbox::Flushed::lost: client_lost_ = true; return handle({.event = Event::downstream_lost});
  }
}

// Whoever is waited for now has a deadline when this returns.
void Exchange::arm_waits() {
  if (tunnel_ || response_half_ != ResponseHalf::none) {
    if (idle_deadline_.armed()) return;
    if (client_blocked_) return context_.deadlines.arm_at(idle_deadline_, client_due(), slow_window);
    return context_.deadlines.arm(idle_deadline_, context_.now, wait_of(Event::stream_idle_due, x_.route->stream_idle));
  }
  if (request_half_ != RequestHalf::sending) return;
  if (origin_blocked_) {
    const Duration idle = wait_of(Event::stream_idle_due, x_.route->stream_idle);
    if (!idle_deadline_.armed()) context_.deadlines.arm(idle_deadline_, context_.now, idle);
    return;
  }
  if (!wants_content_ || (phase_ == Event::client_body_due && phase_deadline_.armed())) return;
  arm_phase(Event::client_body_due, x_.route->client_body_idle);
  wait_for_client(true);
}

// Request content came: what we waited for.
void Exchange::client_sent() noexcept {
  if (waiting_since_ != TimePoint{}) upload_waited_ += context_.now - waiting_since_;
  wait_for_client(false);
  if (phase_ == Event::client_body_due) phase_deadline_.disarm();
}

// A window is as long as we waited for content in it: what the app holds up does not count against the client.
bool Exchange::sends_too_slowly() {
  if (upload_waited_ < slow_window || tunnel_) return false;
  const bool slow = x_.bytes_in - upload_before_ < slow_bytes;
  upload_waited_ = Duration{};
  upload_before_ = x_.bytes_in;
  const policies::TimeBound& bound = x_.route->client_body_idle;
  if (!slow || wait_of(Event::client_body_due, bound) >= policies::wait_ceiling) return false;
  return !only_reports(Event::client_body_due, bound, Reason::downstream_body_slow);
}

bool Exchange::sends_slower_than_pressed() const noexcept {
  return slower_than_pressed(upload_waited_ + (context_.now - waiting_since_), x_.bytes_in - upload_before_);
}

// Measured from the first look on: the kernel takes from us in gusts, so only what the client has acknowledged counts.
bool Exchange::takes_slower_than_pressed() noexcept {
  const std::uint64_t taken = client_out.written() - client_->undelivered();  // a difference: it may wrap
  const Duration waited = context_.now - pressed_at_;
  if (pressed_at_ != TimePoint{} && waited < pressed_window) return false;
  if (pressed_at_ != TimePoint{} && slower_than_pressed(waited, taken - pressed_taken_)) return true;
  pressed_at_ = context_.now;
  pressed_taken_ = taken;
  return false;
}

// Others wait for a slot. True when this one was ended, because its client is what holds it up.
bool Exchange::make_room() {
  if (over_ || waiting_since_ == TimePoint{}) return false;
  if (!(client_blocked_ ? takes_slower_than_pressed() : sends_slower_than_pressed())) return false;
  const Event event = client_blocked_ ? Event::stream_idle_due : Event::client_body_due;
  const Reason reason = client_blocked_ ? Reason::downstream_read_slow : Reason::downstream_body_slow;
  const policies::TimeBound& bound = client_blocked_ ? x_.route->stream_idle : x_.route->client_body_idle;
  if (wait_of(event, bound) >= policies::wait_ceiling || only_reports(event, bound, reason)) return false;
  x_.now = context_.now;
  fail({.reason = reason, .rule = bound.rule, .detail = "slower than 16 KiB/s while others waited"});
  return true;
}

void Exchange::arm_phase(Event event, const policies::TimeBound& bound) {
  phase_ = event;
  context_.deadlines.arm(phase_deadline_, context_.now, wait_of(event, bound));
}

// Once a deadline in report mode was counted, only the ceiling is left of it.
Duration Exchange::wait_of(Event event, const policies::TimeBound& bound) const noexcept {
  return (reported_ >> static_cast<unsigned>(event) & 1U) != 0 ? policies::wait_ceiling : bound.after;
}

Duration Exchange::head_wait() const noexcept {
  return wait_of(Event::client_headers_due, view_->plan->listener.client_headers);
}

void Exchange::timeout(Event event) {
  const policies::ListenerPlan& listener = view_->plan->listener;
  const policies::RoutePlan& route = *x_.route;
  const auto expire = [this, event](const policies::TimeBound& bound, Reason reason) {
    if (only_reports(event, bound, reason)) return;
    const auto limit_ms = std::chrono::duration_cast<std::chrono::milliseconds>(bound.after).count();
    fail({.reason = reason, .rule = bound.rule, .limit = static_cast<std::uint64_t>(limit_ms)});
  };
  switch (event) {
    case Event::client_headers_due: return expire(listener.client_headers, Reason::downstream_headers_slow);
    case Event::client_body_due: return expire(route.client_body_idle, Reason::downstream_body_slow);
    case Event::queue_wait_due: return expire(listener.queue_wait, Reason::queue_timeout);
    case Event::connect_due: return expire(route.connect, Reason::upstream_connect_slow);
    case Event::first_byte_due: return expire(route.first_byte, Reason::upstream_first_byte_slow);
    case Event::request_due: return request_due();
    case Event::stream_idle_due: return stream_idle_due();
    case Event::request_head:
    case Event::request_refused:
    case Event::admitted:
    case Event::origin_ready:
    case Event::origin_failed:
    case Event::request_content:
    case Event::request_end:
    case Event::response_interim:
    case Event::response_head:
    case Event::response_content:
    case Event::response_end:
    case Event::upstream_lost:
    case Event::downstream_lost:
    case Event::cause_due: return;
  }
}

// Report mode: counts, and waits on up to the ceiling. False when the deadline must act.
bool Exchange::only_reports(Event event, const policies::TimeBound& bound, Reason reason) {
  const std::uint32_t bit = 1U << static_cast<unsigned>(event);
  if (!bound.report || (reported_ & bit) != 0) return false;
  reported_ |= bit;
  x_.would_have(reason, bound.rule);
  if (event == Event::client_headers_due) return true;  // the reader's deadline
  Deadline& deadline = event == Event::request_due       ? request_deadline_
                       : event == Event::stream_idle_due ? idle_deadline_
                                                         : phase_deadline_;
  if (&deadline == &phase_deadline_) phase_ = event;
  context_.deadlines.arm(deadline, context_.now, policies::wait_ceiling);
  return true;
}

// The deadline of the whole request stands still while we wait for the client: that time is given back once it is due.
void Exchange::request_due() {
  Duration waited = std::exchange(waited_, Duration{});
  if (waiting_since_ != TimePoint{}) waited += context_.now - std::exchange(waiting_since_, context_.now);
  const policies::TimeBound& bound = x_.route->request;
  if (waited > Duration{}) return context_.deadlines.arm_at(request_deadline_, context_.now + waited, bound.after);
  if (only_reports(Event::request_due, bound, Reason::upstream_request_slow)) return;
  const auto limit_ms = std::chrono::duration_cast<std::chrono::milliseconds>(bound.after).count();
  fail({.reason = Reason::upstream_request_slow, .rule = bound.rule, .limit = static_cast<std::uint64_t>(limit_ms)});
}

void Exchange::stream_idle_due() {
  const policies::TimeBound& bound = x_.route->stream_idle;
  Reason reason = Reason::upstream_stream_idle;
  const Duration idle = wait_of(Event::stream_idle_due, bound);
  if (client_blocked_) {
    if (!client_too_slow()) return context_.deadlines.arm_at(idle_deadline_, client_due(), slow_window);
    reason = Reason::downstream_read_slow;
  } else if (context_.now - progress_at_ < idle) {
    return context_.deadlines.arm_at(idle_deadline_, progress_at_ + idle, idle);
  }
  if (only_reports(Event::stream_idle_due, bound, reason)) return;
  const auto limit_ms = std::chrono::duration_cast<std::chrono::milliseconds>(bound.after).count();
  fail({.reason = reason, .rule = bound.rule, .limit = static_cast<std::uint64_t>(limit_ms)});
}

void Exchange::client_takes() noexcept {
  if (client_out.written() == taken_) return;
  taken_ = client_out.written();
  taken_at_ = context_.now;
}

bool Exchange::told_of_idle() const noexcept {
  return (reported_ >> static_cast<unsigned>(Event::stream_idle_due) & 1U) != 0;
}

// When the client could next turn out to be too slow.
TimePoint Exchange::client_due() const noexcept {
  const TimePoint silent = taken_at_ + wait_of(Event::stream_idle_due, x_.route->stream_idle);
  return told_of_idle() ? silent : std::min(silent, window_begin_ + slow_window);
}

bool Exchange::client_too_slow() noexcept {
  if (context_.now - taken_at_ >= wait_of(Event::stream_idle_due, x_.route->stream_idle)) return true;
  if (told_of_idle() || context_.now - window_begin_ < slow_window) return false;
  if (client_out.written() - window_written_ < slow_bytes) return true;
  window_begin_ = context_.now;
  window_written_ = client_out.written();
  return false;
}

void Exchange::wait_for_client(bool waiting) noexcept {
  if (waiting) {
    if (waiting_since_ == TimePoint{}) waiting_since_ = context_.now;
  } else if (waiting_since_ != TimePoint{}) {
    waited_ += context_.now - std::exchange(waiting_since_, TimePoint{});
  }
}

void Exchange::phase_expired(void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  exchange.expired(exchange.phase_);
}
void Exchange::request_expired(void* self) { static_cast<Exchange*>(self)->expired(Event::request_due); }
void Exchange::idle_expired(void* self) { static_cast<Exchange*>(self)->expired(Event::stream_idle_due); }

void Exchange::expired(Event event) {
  guarded(*this, [this, event] {
    handle({.event = event});
    settle();
  });
}

}  // namespace holdfast::proxy
