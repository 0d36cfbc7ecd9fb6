// streams: the two sides of an exchange as it sees them, without connection, socket or protocol version.
//
// An exchange writes heads and content into a stream and flushes once per turn; it says whether it wants content of the
// other direction. Everything a stream has to report it reports through Exchange's events. HTTP/1 implements these in
// downstream and upstream, local handlers in local_origin.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "core/failure.h"
#include "http/head.h"
#include "http/local_reply.h"
#include "policies/exchange.h"
#include "proxy/outbox.h"

namespace holdfast::proxy {

class Exchange;

// What is known of a message's content before it comes.
struct ContentShape {
  http::Framing framing = http::Framing::none;  // until_close stands for "length not known"
  std::uint64_t length = 0;
  bool announce_length = false;  // no content, but its length is told (HEAD, 304)
};

// How a client connection goes on after its exchange.
enum class Ending : std::uint8_t {
  keep,    // next request
  close,   // in order, after the last byte
  linger,  // half close, then read and discard: a refusal during an upload must arrive
  cut,     // make the truncation visible
};

class ClientStream {
 public:
  virtual void send_interim(const http::ResponseHead& head) = 0;
  // `close`: the connection ends after this response.
  virtual void send_response(const policies::Exchange& x, ContentShape shape, bool close) = 0;
  virtual void send_local(policies::Exchange& x,
                          http::LocalReply reply) = 0;  // renders x.error; adds the content to x.bytes_out
  virtual void send_content(Content content) = 0;
  virtual void send_end(std::string_view trailers) = 0;
  virtual Outbox::Flushed flush() = 0;
  virtual std::size_t unsent() const noexcept = 0;
  virtual std::size_t unread() const noexcept = 0;       // bytes that have come and wait
  virtual std::size_t undelivered() const noexcept = 0;  // written, but not with the client yet
  virtual void want_content(
      bool wanted) = 0;              // request content; wanting it again delivers what waits, later in this turn
  virtual void become_tunnel() = 0;  // from now on content in both directions is raw
  virtual bool may_keep_alive() const noexcept = 0;
  // The exchange is over; the stream may begin the next one. Nothing of the exchange may be touched after this call.
  virtual void exchange_over(Ending ending) noexcept = 0;

 protected:
  ~ClientStream() = default;
};

class OriginStream {
 public:
  virtual void send_request(const policies::Exchange& x, ContentShape shape) = 0;
  virtual void send_content(Content content) = 0;
  virtual void send_end(std::string_view trailers) = 0;
  virtual Outbox::Flushed flush() = 0;
  virtual std::size_t unsent() const noexcept = 0;
  virtual void want_content(bool wanted) = 0;  // response content
  virtual void become_tunnel() = 0;
  virtual void shutdown_write() = 0;  // tunnel: the client sends no more
  // The exchange is done with it. `clean`: both messages ended, it may serve another; else it is closed so that the app
  // sees an abort.
  virtual void release(bool clean) noexcept = 0;

 protected:
  ~OriginStream() = default;
};

// The right to use an origin's stream for one exchange; going out of scope gives it up.
class Lease {
 public:
  Lease() = default;
  explicit Lease(OriginStream& stream) noexcept : stream_(&stream) {}
  Lease(Lease&& other) noexcept : stream_(std::exchange(other.stream_, nullptr)) {}
  Lease& operator=(Lease&& other) noexcept {
    if (this != &other) {
      end(false);
      stream_ = std::exchange(other.stream_, nullptr);
    }
    return *this;
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() { end(false); }

  explicit operator bool() const noexcept { return stream_ != nullptr; }
  OriginStream* operator->() const noexcept { return stream_; }
  void end(bool clean) noexcept {
    if (stream_ != nullptr) std::exchange(stream_, nullptr)->release(clean);
  }
  void forget() noexcept { stream_ = nullptr; }  // the stream is gone already

 private:
  OriginStream* stream_ = nullptr;
};

// Where requests go. acquire() gives a stream at once, or (empty) later through Exchange::on_origin_ready or
// on_origin_failed.
class Origin {
 public:
  virtual ~Origin() = default;
  // `fresh`: only a new connection will do. After an empty answer the exchange waits until told, or until it gives up.
  virtual Lease acquire(Exchange& exchange, bool fresh) = 0;
  virtual void give_up(Exchange& exchange) noexcept = 0;  // the wait of this exchange, if there is one
};

}  // namespace holdfast::proxy
