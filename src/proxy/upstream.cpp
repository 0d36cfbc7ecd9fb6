// One connection to the app: request heads out, responses in.
#include "proxy/upstream.h"

#include <algorithm>
#include <cstring>

#include "core/bytes.h"
#include "http/forwarding.h"
#include "proxy/boundary.h"

namespace holdfast::proxy {
namespace {

constexpr std::uint8_t full_reads_for_large =
    2;  // measured: a direction that keeps filling blocks gains from larger ones

}  // namespace

Upstream::Upstream(HttpOrigin& origin, std::unique_ptr<net::Transport> transport)
    : origin_(origin),
      transport_(std::move(transport)),
      out_(origin.context().blocks),
      idle_(&Upstream::idle_expired, this) {
  transport_->attach(*this);
}

Upstream::~Upstream() {
  if (continuing_) origin_.context().forget(*this);
}

void Upstream::serve(Exchange& exchange) noexcept {
  exchange_ = &exchange;
  served_in_turn_ = origin_.context().turn;
  idle_.disarm();
  policies::Exchange& x = exchange.x();
  x.upstream_connection = id_;
  x.upstream_reused = served_ != 0;
  x.upstream_nth = ++served_;
  head_done_ = any_byte_ = request_over_ = tunnel_ = false;
  keep_alive_ = true;
  keep_alive_timeout_ = 0;
  parser_.start(exchange.view().response_limits, x.plan->names,
                {.head_request = x.request.method == http::Method::head, .upgrade_asked = x.request.upgrade_websocket});
}

void Upstream::send_request(const policies::Exchange& x, ContentShape shape) {
  out_framing_ = shape.framing;
  request_over_ = shape.framing == http::Framing::none || (shape.framing == http::Framing::length && shape.length == 0);
  const bool may_have_content = x.request.method == http::Method::post || x.request.method == http::Method::put ||
                                x.request.method == http::Method::patch;
  const http::RequestForwarding f{
      .framing = {.framing = shape.framing,
                  .length = shape.length,
                  .announce_length = shape.framing == http::Framing::none && may_have_content},
      .peer = x.connection->peer.view(),
      .trusted_hops = x.plan->listener.trusted_hops,
      .upstream_authority = origin_.authority(),
      .drop = x.request_edits.drop,
      .add = {x.request_edits.fields.data(), x.request_edits.size},
      .replace_request_id = !x.plan->listener.request_id_header.empty(),
  };
  const std::size_t soon = shape.framing == http::Framing::length ? static_cast<std::size_t>(shape.length) : 0;
  out_.commit(http::render_request(x.request, f, out_.reserve(http::request_bound(x.request, f), soon)));
}

void Upstream::send_content(Content content) {
  if (out_framing_ != http::Framing::chunked || tunnel_) return out_.content(content);
  char* size_line = out_.reserve(18, content.bytes.size());
  out_.commit(write_text(write_hex(size_line, content.bytes.size()), "\r\n"));
  out_.content(content);
  out_.append("\r\n");
}

void Upstream::send_end(std::string_view trailers) {
  request_over_ = true;
  if (out_framing_ != http::Framing::chunked) return;
  char* p = write_text(out_.reserve(trailers.size() + 8), "0\r\n");
  if (!trailers.empty()) p += http::copy_trailers(trailers, exchange_->x().plan->names, false, p);
  out_.commit(write_text(p, "\r\n"));
}

Outbox::Flushed Upstream::flush() {
  const Outbox::Flushed flushed = out_.flush(*transport_);
  transport_->want_write(flushed == Outbox::Flushed::blocked);
  return flushed;
}

void Upstream::shutdown_write() { transport_->shutdown_write(); }

void Upstream::want_content(bool wanted) {
  if (closed_) return;
  if (wanted != reading_) {
    transport_->want_read(wanted);
    reading_ = wanted;
  }
  if (wanted && begin_ != end_ && !processing_ && !continuing_) {
    continuing_ = true;
    origin_.context().later(*this);
  }
}

void Upstream::proceed() noexcept {
  continuing_ = false;
  if (closed_ || exchange_ == nullptr) return;
  guarded(*exchange_, [this] { process(); });
}

void Upstream::on_readable() noexcept {
  if (closed_) return;
  if (exchange_ == nullptr) return close();         // nobody asked: whatever it says belongs to nobody
  if (served_in_turn_ == origin_.context().turn) {  // said before the request was sent: an answer to nothing
    guarded(*exchange_, [this] { on_input_end(true); });
    return;
  }
  guarded(*exchange_, [this] { read_and_process(); });
}

void Upstream::on_writable() noexcept {
  if (closed_ || exchange_ == nullptr) return;
  Exchange& exchange = *exchange_;
  guarded(exchange, [&exchange] {
    exchange.on_upstream_writable();
    exchange.settle();
  });
}

void Upstream::on_hangup() noexcept {
  if (closed_) return;
  if (exchange_ == nullptr) return close();
  // Reading is paused because the client is slow; what the app sent before it closed is read first.
}

void Upstream::use_fresh_block() {
  BlockPool& blocks = origin_.context().blocks;
  const auto size = static_cast<std::size_t>(end_ - begin_);
  const bool long_known = full_reads_ != 0 && head_done_ && decoder_.remaining() > medium_block;
  const bool much = full_reads_ >= full_reads_for_large || long_known;  // of an app that keeps filling what it is given
  BlockRef block = much ? blocks.large() : blocks.medium();
  if (size >= block.size()) block = blocks.at_least(size + 1);
  if (size != 0) std::memcpy(block.data(), begin_, size);
  in_ = std::move(block);
  begin_ = in_.data();
  end_ = begin_ + size;
}

void Upstream::read_and_process() {
  if (!in_ || (begin_ == end_ && in_.size() == medium_block && full_reads_ == full_reads_for_large)) use_fresh_block();
  if (begin_ == end_) begin_ = end_ = in_.data();
  if (end_ == in_.data() + in_.size()) use_fresh_block();  // an incomplete head that fills the block
  const auto room = static_cast<std::size_t>(in_.data() + in_.size() - end_);
  const net::Io io = transport_->read(end_, room);
  switch (io.state) {
    case net::Io::State::blocked: return release_input();
    case net::Io::State::end: return on_input_end(false);
    case net::Io::State::lost: return on_input_end(true);
    case net::Io::State::ok: break;
  }
  any_byte_ = true;
  end_ += io.bytes;
  full_reads_ = io.bytes == room ? static_cast<std::uint8_t>(std::min(full_reads_ + 1, 16)) : std::uint8_t{0};
  process();
}

// May end the exchange, and with it our part in it: nothing of `this` is touched behind settle() but what a closed
// connection has too.
void Upstream::process() {
  Exchange& exchange = *exchange_;
  processing_ = true;
  while (begin_ != end_ && exchange_ == &exchange && !exchange.over()) {
    if (!head_done_ && !tunnel_) {
      if (!take_head()) break;
      continue;
    }
    const char* before = begin_;
    take_content();
    if (begin_ == before) break;
  }
  processing_ = false;
  exchange.settle();
  if (!in_) begin_ = end_ = nullptr;  // taken over while flushing
  release_input();
}

// False when more bytes are needed, or the exchange needs no more of us.
bool Upstream::take_head() {
  Exchange& exchange = *exchange_;
  http::ResponseHead& head = exchange.x().response;
  switch (parser_.parse(begin_, static_cast<std::size_t>(end_ - begin_), head)) {
    case http::Progress::need_more: return false;
    case http::Progress::failed: {
      const Error error = parser_.error();
      begin_ = end_;
      keep_alive_ = false;
      exchange.on_upstream_lost(error);
      return false;
    }
    case http::Progress::done: break;
  }
  head.set_base(begin_);
  begin_ += head.size;
  if (head.status < 200) {
    const bool tunnel = head.status == 101;
    exchange.on_response_interim();
    if (tunnel || exchange_ == nullptr) return exchange_ != nullptr;
    const bool head_request = exchange.x().request.method == http::Method::head;
    head.clear();
    parser_.start(exchange.view().response_limits, exchange.x().plan->names,
                  {.head_request = head_request, .upgrade_asked = exchange.x().request.upgrade_websocket});
    return true;
  }
  head_done_ = true;
  // An app that sends the content it announced to a HEAD would answer the next request with it.
  const bool announced = head.framing == http::Framing::none && head.has_length && head.content_length > 0;
  keep_alive_ = head.keep_alive && head.framing != http::Framing::until_close && !announced;
  keep_alive_timeout_ = head.keep_alive_timeout;
  decoder_.start(head.framing, head.content_length, http::ContentDecoder::Side::response);
  const bool empty =
      head.framing == http::Framing::none || (head.framing == http::Framing::length && head.content_length == 0);
  exchange.on_response_head();
  if (empty && exchange_ == &exchange) exchange.on_response_end({});
  return true;
}

void Upstream::take_content() {
  Exchange& exchange = *exchange_;
  if (tunnel_) {
    const std::string_view all(begin_, static_cast<std::size_t>(end_ - begin_));
    begin_ = end_;
    return exchange.on_response_content({all, &in_});
  }
  if (decoder_.done()) return;  // bytes behind the response: the connection is not used again
  const http::ContentDecoder::Step step = decoder_.decode(begin_, static_cast<std::size_t>(end_ - begin_));
  begin_ += step.consumed;
  if (!step.content.empty()) exchange.on_response_content({step.content, begin_ == end_ ? &in_ : nullptr});
  if (exchange_ != &exchange) return;
  if (step.failed) {
    keep_alive_ = false;
    begin_ = end_;
    return exchange.on_upstream_lost(decoder_.error());
  }
  if (step.end) exchange.on_response_end(decoder_.trailers());
}

void Upstream::on_input_end(bool lost) {
  Exchange& exchange = *exchange_;
  transport_->want_read(false);
  reading_ = false;
  keep_alive_ = false;
  const bool whole = !lost && (tunnel_ || (head_done_ && decoder_.complete_at_eof()));
  if (whole) {
    exchange.on_response_end({});
  } else {
    const bool in_head = any_byte_ && !head_done_;
    exchange.on_upstream_lost(
        {.reason = Reason::upstream_reset, .detail = in_head ? "closed inside the response head" : nullptr});
  }
  exchange.settle();
  release_input();
}

void Upstream::release_input() noexcept {
  if (begin_ != end_) return;
  in_.reset();
  begin_ = end_ = nullptr;
}

void Upstream::release(bool clean) noexcept {
  Exchange* was = std::exchange(exchange_, nullptr);
  if (was == nullptr || closed_) return;
  const bool reusable =
      clean && keep_alive_ && request_over_ && head_done_ && begin_ == end_ && out_.empty() && !tunnel_ && reading_;
  if (reusable) {
    if (!processing_) release_input();  // else what was read last may still be on its way to the client
    return origin_.put_idle(*this);
  }
  if (!request_over_ && !tunnel_) transport_->reset_on_close();  // the app must not take a part for the whole
  close();
}

void Upstream::close() noexcept {
  if (closed_) return;
  closed_ = true;
  exchange_ = nullptr;
  idle_.disarm();
  out_.clear();
  origin_.remove(*this);
}

void Upstream::idle_expired(void* self) { static_cast<Upstream*>(self)->close(); }

}  // namespace holdfast::proxy
