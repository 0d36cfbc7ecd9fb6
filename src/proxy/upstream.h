// upstream: one HTTP/1 connection to the app; it serves one exchange at a time and idles in its worker's pool in
// between.
//
// Reads into medium blocks that it holds only while bytes are in flight. A connection is never used again unless both
// messages ended cleanly and nothing is left over. HttpOrigin is the pool and the dialling.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/blocks.h"
#include "core/deadline.h"
#include "net/transport.h"
#include "proxy/exchange.h"

namespace holdfast::proxy {

class HttpOrigin;

class Upstream final : public net::TransportUser, public OriginStream, public Continuation, public Mortal {
 public:
  Upstream(HttpOrigin& origin, std::unique_ptr<net::Transport> transport);
  ~Upstream() override;

  // Lends the connection to `exchange`.
  void serve(Exchange& exchange) noexcept;
  bool idle() const noexcept { return exchange_ == nullptr; }

  void on_readable() noexcept override;
  void on_writable() noexcept override;
  void on_hangup() noexcept override;
  void proceed() noexcept override;

  void send_request(const policies::Exchange& x, ContentShape shape) override;
  void send_content(Content content) override;
  void send_end(std::string_view trailers) override;
  Outbox::Flushed flush() override;
  std::size_t unsent() const noexcept override { return out_.size(); }
  void want_content(bool wanted) override;
  void become_tunnel() override { tunnel_ = true; }
  void shutdown_write() override;
  void release(bool clean) noexcept override;

 private:
  friend class HttpOrigin;

  void read_and_process();
  void use_fresh_block();
  void process();
  bool take_head();
  void take_content();
  void on_input_end(bool lost);
  void release_input() noexcept;
  void close() noexcept;
  static void idle_expired(void* self);

  HttpOrigin& origin_;
  std::unique_ptr<net::Transport> transport_;
  Exchange* exchange_ = nullptr;
  http::ResponseParser parser_;
  http::ContentDecoder decoder_;
  Outbox out_;
  BlockRef in_;
  char* begin_ = nullptr;
  char* end_ = nullptr;
  Deadline idle_;
  TimePoint idle_since_{};
  std::uint64_t id_ = 0;
  std::uint64_t served_ = 0;
  std::uint64_t served_in_turn_ = 0;      // a readable event of that turn is older than the request
  std::uint32_t index_ = 0;               // in HttpOrigin::connections_
  std::uint32_t keep_alive_timeout_ = 0;  // seconds, told by the app; 0: none
  http::Framing out_framing_ = http::Framing::none;
  std::uint8_t full_reads_ = 0;
  bool head_done_ = false;
  bool any_byte_ = false;      // of the response
  bool request_over_ = false;  // all of the request was handed to us
  bool keep_alive_ = true;
  bool tunnel_ = false;
  bool reading_ = true;
  bool processing_ = false;
  bool continuing_ = false;
  bool closed_ = false;
};

// The app, as one worker sees it: idle connections, newest first, and dials under way.
class HttpOrigin final : public Origin {
 public:
  HttpOrigin(WorkerContext& context, net::Connector& connector, std::string authority);
  ~HttpOrigin() override;

  Lease acquire(Exchange& exchange, bool fresh) override;
  void give_up(Exchange& exchange) noexcept override;
  void close_idle() noexcept;  // drain is over, or the app's address is about to change
  std::string_view authority() const noexcept { return authority_; }
  WorkerContext& context() noexcept { return context_; }

 private:
  friend class Upstream;
  class Attempt;

  Upstream* take_idle(const Exchange& exchange) noexcept;
  void put_idle(Upstream& upstream) noexcept;
  void drop_idle(Upstream& upstream) noexcept;
  void remove(Upstream& upstream) noexcept;
  void connected(Attempt& attempt, std::unique_ptr<net::Transport> transport);
  void dial_failed(Attempt& attempt, int error);
  std::unique_ptr<Attempt> end_attempt(Attempt& attempt) noexcept;

  WorkerContext& context_;
  net::Connector& connector_;
  std::string authority_;
  std::vector<std::unique_ptr<Upstream>> connections_;
  std::vector<Upstream*> idle_;
  std::vector<std::unique_ptr<Attempt>> attempts_;
  std::uint64_t next_id_ = 1;
};

}  // namespace holdfast::proxy
