// The reading side of a client connection: input blocks, request heads, content, and what happens between exchanges.
#include "proxy/downstream.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "proxy/boundary.h"

namespace holdfast::proxy {
namespace {

constexpr std::uint8_t full_reads_for_large =
    2;  // measured: a direction that keeps filling blocks gains from larger ones

// Marks that input is being worked on, also when that ends by an exception.
class Processing {
 public:
  explicit Processing(bool& flag) noexcept : flag_(flag) { flag_ = true; }
  ~Processing() { flag_ = false; }
  Processing(const Processing&) = delete;
  Processing& operator=(const Processing&) = delete;

 private:
  bool& flag_;
};

}  // namespace

Downstream::Downstream(Front& front, std::unique_ptr<net::Transport> transport, const ClientAddress& peer,
                       const Error& refusal)
    : front_(front), transport_(std::move(transport)), wait_(&Downstream::wait_expired, this), refusal_(refusal) {
  WorkerContext& context = front_.context();
  facts_.id = context.shared.next_connection.fetch_add(1, std::memory_order_relaxed);
  facts_.peer = peer;
  idle_since_ = context.now;
  context.deadlines.arm(wait_, context.now, front_.view()->plan->listener.client_headers.silent());
  WorkerCounters::add(context.counters.downstream_idle);
  transport_->attach(*this);
}

Downstream::~Downstream() {
  if (continuing_) front_.context().forget(*this);
}

void Downstream::on_readable() noexcept {
  if (state_ == State::closed) return;
  if (state_ == State::lingering) return discard();
  if (!exchange_ && continuing_) return;  // the next request has begun to come: proceed() takes it up first
  if (exchange_) {
    guarded(*exchange_, [this] {
      if (read()) process();
    });
    return;
  }
  try {
    if (!read()) return;
    begin_request();
  } catch (...) {  // memory ran out before there was an exchange
    return close();
  }
  guarded(*exchange_, [this] { process(); });
}

// False when there is nothing to process.
bool Downstream::read() {
  if (!make_room()) {
    transport_->want_read(false);
    reading_ = false;
    return false;
  }
  const std::size_t room = static_cast<std::size_t>(in_.data() + in_.size() - end_);
  const net::Io io = transport_->read(end_, room);
  switch (io.state) {
    case net::Io::State::blocked: release_input(); return false;
    case net::Io::State::end: on_input_end(false); return false;
    case net::Io::State::lost: on_input_end(true); return false;
    case net::Io::State::ok: break;
  }
  end_ += io.bytes;
  if (in_.size() > small_block) {
    if (state_ == State::idle) wide_ = io.bytes >= small_block;
  } else if (io.bytes == room) {
    wide_ = true;
  }
  full_reads_ = io.bytes == room ? static_cast<std::uint8_t>(std::min(full_reads_ + 1, 16)) : std::uint8_t{0};
  return true;
}

// Room to read into. False when the buffer is full and nobody wants what is in it yet.
bool Downstream::make_room() {
  BlockPool& blocks = front_.context().blocks;
  const bool content = state_ == State::busy && exchange_->wants_content();
  if (!in_) {
    const auto waiting = static_cast<std::size_t>(end_ - begin_);
    if (waiting >= std::size_t{64} << 10U) return false;  // behind a large head
    use_block(content || wide_ || waiting >= small_block
                  ? (full_reads_ >= full_reads_for_large ? blocks.large() : blocks.medium())
                  : blocks.small());
    return true;
  }
  if (begin_ == end_) {
    const bool grow =
        content && (in_.size() < medium_block || (in_.size() == medium_block && full_reads_ >= full_reads_for_large));
    if (grow) in_ = full_reads_ >= full_reads_for_large ? blocks.large() : blocks.medium();
    begin_ = end_ = in_.data();
    return true;
  }
  if (end_ < in_.data() + in_.size()) return true;
  if (begin_ > in_.data()) {
    const auto size = static_cast<std::size_t>(end_ - begin_);
    std::memmove(in_.data(), begin_, size);
    begin_ = in_.data();
    end_ = begin_ + size;
    return true;
  }
  const bool gathers = state_ == State::busy && in_.size() < medium_block && exchange_->gathers_content();
  if (state_ != State::head && !gathers) return false;
  BlockRef larger = blocks.at_least(in_.size() * 2);
  if (!larger) return false;
  use_block(std::move(larger));
  return true;
}

// Moves unread input into `block`, which becomes the one that is read into.
void Downstream::use_block(BlockRef block) {
  const auto size = static_cast<std::size_t>(end_ - begin_);
  if (size >= block.size()) block = front_.context().blocks.at_least(size + 1);
  HOLDFAST_CHECK(block);
  if (size != 0) std::memcpy(block.data(), begin_, size);
  in_ = std::move(block);
  begin_ = in_.data();
  end_ = begin_ + size;
  input_in_head_ = false;
}

void Downstream::process() {
  const Processing here(processing_);
  while (begin_ != end_ && state_ != State::closed) {
    if (state_ == State::head) {
      parse_head();
      if (state_ == State::head) break;  // incomplete
    }
    if (state_ != State::busy) break;
    const char* before = begin_;
    take_content();
    if (begin_ == before) break;
  }
  processing_ = false;
  if (state_ == State::busy) exchange_->settle();
  after_settle();
  if (state_ == State::busy && exchange_->wants_content() && !reading_) {  // it paused while the buffer was full
    transport_->want_read(true);
    reading_ = true;
  }
}

// Input blocks that nobody needs go back; a block may have been taken over while flushing.
void Downstream::after_settle() noexcept {
  if (!in_ && !input_in_head_) begin_ = end_ = nullptr;
  release_input();
}

void Downstream::release_input() noexcept {
  if (begin_ != end_) return;
  in_.reset();
  begin_ = end_ = nullptr;
  input_in_head_ = false;
}

void Downstream::begin_request() {
  WorkerContext& context = front_.context();
  wait_.disarm();
  exchange_ = context.take_exchange();
  ++facts_.requests;
  exchange_->begin(*this, front_.to(), front_.view(), facts_);
  WorkerCounters::add(context.counters.downstream_idle, -1);
  WorkerCounters::add(context.counters.downstream_active);
  state_ = State::head;
}

void Downstream::parse_head() {
  http::RequestHead& head = exchange_->x().request;
  const auto size = static_cast<std::size_t>(end_ - begin_);
  switch (exchange_->parser.parse(begin_, size, head)) {
    case http::Progress::need_more: {
      WorkerContext& context = front_.context();
      if (!wait_.armed()) context.deadlines.arm(wait_, context.now, exchange_->head_wait());
      return;
    }
    case http::Progress::failed: return exchange_->on_request_refused(exchange_->parser.error());
    case http::Progress::done: return head_complete();
  }
}

// Answered before it was complete: what still comes of it is thrown away.
void Downstream::give_up_head() noexcept {
  wait_.disarm();
  state_ = State::busy;
  exchange_->decoder.start(http::Framing::until_close, 0, http::ContentDecoder::Side::request);
  begin_ = end_;
}

// The block becomes the head's; what follows the head in it is read from there.
void Downstream::head_complete() {
  wait_.disarm();
  state_ = State::busy;
  http::RequestHead& head = exchange_->x().request;
  if (in_) {
    head.block = std::move(in_);
    input_in_head_ = true;
  }
  head.set_base(begin_);
  begin_ += head.size;
  exchange_->decoder.start(head.framing, head.content_length, http::ContentDecoder::Side::request);
  if (refusal_.reason != Reason::ok) {
    exchange_->x().request_head_complete = true;
    return exchange_->on_request_refused(refusal_);
  }
  exchange_->on_request_head();
}

void Downstream::take_content() {
  Exchange& exchange = *exchange_;
  if (!exchange.wants_content()) exchange.content_came_unasked();
  if (!exchange.wants_content() || begin_ == end_) return;
  if (exchange.tunnel()) {
    const std::string_view all(begin_, static_cast<std::size_t>(end_ - begin_));
    begin_ = end_;
    return exchange.on_request_content({all, in_ ? &in_ : nullptr});
  }
  if (exchange.decoder.done()) return;
  const http::ContentDecoder::Step step = exchange.decoder.decode(begin_, static_cast<std::size_t>(end_ - begin_));
  begin_ += step.consumed;
  if (!step.content.empty()) exchange.on_request_content({step.content, in_ && begin_ == end_ ? &in_ : nullptr});
  if (exchange.over()) return;
  if (step.failed) {
    begin_ = end_;
    return exchange.on_request_refused(exchange.decoder.error());
  }
  if (step.end) exchange.on_request_end(exchange.decoder.trailers());
}

void Downstream::on_input_end(bool lost) {
  release_input();
  transport_->want_read(false);
  reading_ = false;
  if (state_ == State::idle || state_ == State::lingering) return close();
  if (state_ == State::head && !exchange_->parser.begun()) {
    drop_exchange();
    return close();
  }
  if (exchange_->tunnel() && !lost) {
    if (exchange_->request_half() == RequestHalf::sending) exchange_->on_request_end({});
  } else {
    exchange_->on_downstream_lost();
  }
  if (exchange_) exchange_->settle();
}

void Downstream::on_hangup() noexcept {
  if (state_ == State::closed) return;
  if (state_ == State::lingering || !exchange_) return close();
  if (exchange_->tunnel()) return;  // what it sent before comes first
  guarded(*exchange_, [this] { on_input_end(true); });
}

void Downstream::on_writable() noexcept {
  if (state_ == State::closed || !exchange_) return;
  guarded(*exchange_, [this] {
    exchange_->on_downstream_writable();
    exchange_->settle();
  });
  if (state_ != State::closed) after_settle();
}

// Continues with input that was there before: content that is wanted now, or the next request of a pipeline.
void Downstream::proceed() noexcept {
  continuing_ = false;
  if (state_ == State::closed || state_ == State::lingering) return;
  if (!exchange_ && begin_ != end_) {
    try {
      begin_request();
    } catch (...) {
      return close();
    }
  }
  if (exchange_) guarded(*exchange_, [this] { process(); });
}

void Downstream::want_content(bool wanted) {
  if (wanted != reading_ && state_ != State::closed) {
    transport_->want_read(wanted);
    reading_ = wanted;
  }
  if (wanted && begin_ != end_ && !processing_ && !continuing_) {
    continuing_ = true;
    front_.context().later(*this);
  }
}

}  // namespace holdfast::proxy
