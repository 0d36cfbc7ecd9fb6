// downstream: a client's HTTP/1 connection; it reads requests, one exchange after the other, and writes their responses
// in order.
//
// Lingering, half close, keep-alive and the bookkeeping of input buffers live here, never in the exchange. An idle
// connection holds no block and no exchange. Front is the set of connections of one listener on one worker.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/blocks.h"
#include "core/deadline.h"
#include "net/transport.h"
#include "proxy/exchange.h"

namespace holdfast::proxy {

class Downstream;

class Front {
 public:
  // `own_view`: a fixed view (telemetry, admin); else the worker's current one counts, and so do the limits on
  // connections.
  Front(WorkerContext& context, Destination to, ViewRef own_view = {});
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  void accept(std::unique_ptr<net::Transport> transport, const ClientAddress& peer);

  // Drain: closes connections that wait for a request, after a last look at what has arrived.
  void close_idle() noexcept;
  void cut_all() noexcept;  // the end of `finish`: whatever is left
  std::size_t size() const noexcept { return connections_.size(); }
  std::size_t busy() const noexcept;

  // One line per connection, for /connections; at most `max` lines.
  void describe(std::string& out, std::size_t max) const;

  WorkerContext& context() noexcept { return context_; }
  const Destination& to() const noexcept { return to_; }
  const ViewRef& view() const noexcept { return own_view_ ? own_view_ : context_.view; }
  bool data() const noexcept { return !own_view_; }

 private:
  friend class Downstream;
  void add(std::unique_ptr<net::Transport> transport, const ClientAddress& peer, const Error& refusal,
           bool client_counted);
  void close_one_idle() noexcept;
  void remove(Downstream& connection) noexcept;
  void began_lingering(Downstream& connection) noexcept;

  WorkerContext& context_;
  Destination to_;
  ViewRef own_view_;
  std::vector<std::unique_ptr<Downstream>> connections_;
  std::vector<Downstream*> lingering_;  // oldest first
  std::uint32_t refused_ = 0;           // connections that are there only to be told 503
};

class Downstream final : public net::TransportUser, public ClientStream, public Continuation, public Mortal {
 public:
  // `refusal`: reason ok, or what every request on this connection is answered with.
  Downstream(Front& front, std::unique_ptr<net::Transport> transport, const ClientAddress& peer, const Error& refusal);
  ~Downstream() override;

  void close_if_idle() noexcept;
  void cut() noexcept;
  bool idle() const noexcept { return state_ == State::idle; }
  void describe(std::string& out) const;

  void on_readable() noexcept override;
  void on_writable() noexcept override;
  void on_hangup() noexcept override;
  void proceed() noexcept override;

  void send_interim(const http::ResponseHead& head) override;
  void send_response(const policies::Exchange& x, ContentShape shape, bool close) override;
  void send_local(policies::Exchange& x, http::LocalReply reply) override;
  void send_content(Content content) override;
  void send_end(std::string_view trailers) override;
  Outbox::Flushed flush() override;
  std::size_t unsent() const noexcept override;
  std::size_t undelivered() const noexcept override { return transport_->undelivered(); }
  std::size_t unread() const noexcept override { return static_cast<std::size_t>(end_ - begin_); }
  void want_content(bool wanted) override;
  void become_tunnel() override {}
  bool may_keep_alive() const noexcept override;
  void exchange_over(Ending ending) noexcept override;

 private:
  friend class Front;
  enum class State : std::uint8_t { idle, head, busy, lingering, closed };

  bool read();
  void process();
  void begin_request();
  void parse_head();
  void head_complete();
  void give_up_head() noexcept;
  void take_content();
  bool make_room();
  void use_block(BlockRef block);
  void after_settle() noexcept;
  void release_input() noexcept;
  void keep_leftover() noexcept;
  void on_input_end(bool lost);
  void discard() noexcept;
  void start_lingering() noexcept;
  void close() noexcept;
  void drop_exchange() noexcept;
  std::uint32_t keep_alive_seconds() const noexcept;
  void wait_due() noexcept;
  static void wait_expired(void* self) noexcept;

  Front& front_;
  std::unique_ptr<net::Transport> transport_;
  std::unique_ptr<Exchange> exchange_;
  BlockRef in_;
  char* begin_ = nullptr;  // unread input: in `in_`, or in the head's block behind the head
  char* end_ = nullptr;
  Deadline wait_;  // first byte, head, or lingering: what this connection waits for outside of an exchange
  TimePoint linger_end_{};
  TimePoint idle_since_{};
  policies::ConnectionFacts facts_;
  Error refusal_;
  std::uint32_t index_ = 0;     // in Front::connections_
  std::uint32_t lingered_ = 0;  // bytes
  State state_ = State::idle;
  http::Framing out_framing_ = http::Framing::none;
  std::uint8_t full_reads_ = 0;
  bool wide_ = false;           // requests of this connection do not fit a small block
  bool input_in_head_ = false;  // begin_..end_ lie in the request head's block
  bool reading_ = true;
  bool processing_ = false;
  bool continuing_ = false;  // proceed() is due at the end of this turn
  bool sent_close_ = false;
  bool counted_ = false;  // holds a connection slot
  bool client_counted_ = false;
  bool refused_ = false;
};

}  // namespace holdfast::proxy
