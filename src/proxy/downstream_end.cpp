// How a client connection goes on after an exchange, lingers and ends.
#include <algorithm>
#include <array>

#include "proxy/boundary.h"
#include "proxy/downstream.h"

namespace holdfast::proxy {
namespace {

// A refusal during an upload must arrive: what still comes is read for a while (RFC 9112 9.6).
constexpr Duration linger_idle = std::chrono::seconds(1);
constexpr Duration linger_total = std::chrono::seconds(5);
constexpr std::uint32_t linger_bytes = 16U << 20U;
constexpr Duration quiet_before_close = std::chrono::milliseconds(500);

}  // namespace

void Downstream::discard() noexcept {
  std::array<char, 16U << 10U> scratch;  // NOLINT(cppcoreguidelines-pro-type-member-init): only to be read into
  const net::Io io = transport_->read(scratch.data(), scratch.size());
  if (io.state == net::Io::State::blocked) return;
  lingered_ += static_cast<std::uint32_t>(io.bytes);
  if (io.state != net::Io::State::ok || lingered_ >= linger_bytes) return close();
  WorkerContext& context = front_.context();
  context.deadlines.arm_at(wait_, std::min(context.now + linger_idle, linger_end_), linger_idle);
}

void Downstream::start_lingering() noexcept {
  WorkerContext& context = front_.context();
  state_ = State::lingering;
  lingered_ = 0;
  linger_end_ = context.now + linger_total;
  transport_->shutdown_write();
  if (!reading_) transport_->want_read(true);
  reading_ = true;
  begin_ = end_ = nullptr;
  in_.reset();
  input_in_head_ = false;
  WorkerCounters::add(context.counters.downstream_lingering);
  context.deadlines.arm(wait_, context.now, linger_idle);
  front_.began_lingering(*this);
}

void Downstream::drop_exchange() noexcept {
  WorkerContext& context = front_.context();
  context.give_exchange(std::move(exchange_));
  --facts_.requests;
  WorkerCounters::add(context.counters.downstream_active, -1);
  WorkerCounters::add(context.counters.downstream_idle);
  state_ = State::idle;
}

// Bytes behind the request that just ended belong to the next one; nobody reads the head any more that has their block.
void Downstream::keep_leftover() noexcept {
  if (begin_ == end_) return release_input();
  if (!input_in_head_) return;
  in_ = std::move(exchange_->x().request.block);
  input_in_head_ = false;
}

void Downstream::exchange_over(Ending ending) noexcept {
  WorkerContext& context = front_.context();
  if (ending == Ending::keep) keep_leftover();
  const bool cut_needs_reset = out_framing_ == http::Framing::until_close;
  const bool more_came = begin_ != end_;
  context.give_exchange(std::move(exchange_));
  WorkerCounters::add(context.counters.downstream_active, -1);
  WorkerCounters::add(context.counters.downstream_idle);
  state_ = State::idle;
  idle_since_ = context.now;
  out_framing_ = http::Framing::none;
  switch (ending) {
    case Ending::keep: break;
    case Ending::cut:
      if (cut_needs_reset) transport_->reset_on_close();
      return close();
    case Ending::linger: return start_lingering();
    case Ending::close:  // unread input would turn the close into a reset, which may overtake the response
      if (more_came || transport_->readable_now()) return start_lingering();
      return close();
  }
  if (!reading_) {
    transport_->want_read(true);
    reading_ = true;
  }
  context.deadlines.arm(wait_, context.now, front_.view()->plan->listener.client_idle.silent());
  if (!more_came || continuing_) return;
  continuing_ = true;
  context.later(*this);
}

void Downstream::close() noexcept {
  if (state_ == State::closed) return;
  WorkerContext& context = front_.context();
  if (state_ == State::lingering) WorkerCounters::add(context.counters.downstream_lingering, -1);
  WorkerCounters::add(context.counters.downstream_idle, -1);
  wait_.disarm();
  state_ = State::closed;
  in_.reset();
  begin_ = end_ = nullptr;
  front_.remove(*this);
}

// A client that has just been answered may be sending its next request: only a connection that has been quiet for a
// while closes.
void Downstream::close_if_idle() noexcept {
  const bool quiet = front_.context().now - idle_since_ >= quiet_before_close;
  if (state_ == State::idle && quiet && begin_ == end_ && !transport_->readable_now()) close();
}

void Downstream::cut() noexcept {
  if (state_ == State::closed) return;
  if (!exchange_) return close();
  guarded(*exchange_, [this] { exchange_->cut(); });
  if (state_ == State::busy)
    guarded(*exchange_, [this] { exchange_->on_downstream_lost(); });  // what it does not take at once
  if (state_ == State::lingering) close();
}

void Downstream::wait_expired(void* self) noexcept { static_cast<Downstream*>(self)->wait_due(); }

void Downstream::wait_due() noexcept {
  if (state_ != State::head) return close();
  if (!exchange_->parser.begun()) {
    drop_exchange();
    return close();
  }
  guarded(*exchange_, [this] {
    Exchange& exchange = *exchange_;
    exchange.on_client_headers_due();
    if (exchange.response_half() == ResponseHalf::none) {  // report mode: the head is still waited for
      WorkerContext& context = front_.context();
      return context.deadlines.arm(wait_, context.now, exchange.head_wait());
    }
    exchange.settle();
  });
  if (state_ != State::closed) after_settle();
}

}  // namespace holdfast::proxy
