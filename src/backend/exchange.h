// Exchange: one request on an evhttp connection and its answer, from the handler call to the last byte written.
//
// evhttp owns the request, except when the connection breaks before the answer is complete: then it hands the request
// to us and only tells the close callback. Either way `ended` is called once and the owner destroys this object.
// Loop thread only. Callbacks run from the loop, never inside the call that set them.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "backend/event_handles.h"
#include "backend/http_message.h"
#include "backend/secret.h"
#include "core/clock.h"

namespace users {

class Exchange;

enum class Ending : std::uint8_t { answered, cut };

class ExchangeOwner {
 public:
  ExchangeOwner() = default;
  ExchangeOwner(const ExchangeOwner&) = delete;
  ExchangeOwner& operator=(const ExchangeOwner&) = delete;
  virtual void ended(Exchange& exchange, Ending ending) noexcept = 0;

 protected:
  ~ExchangeOwner() = default;
};

class Exchange {
 public:
  using Callback = std::function<void()>;

  Exchange(ExchangeOwner& owner, std::uint64_t id, evhttp_request* request);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  std::uint64_t id() const noexcept { return id_; }
  const Request& request() const noexcept { return received_; }
  void forget_content() noexcept { wipe(received_.body); }  // it may hold a password
  holdfast::TimePoint started() const noexcept { return started_; }
  int status() const noexcept { return status_; }  // 0: not answered yet
  bool endless() const noexcept { return endless_; }

  // The whole answer at once.
  void reply(const Reply& reply);

  // An answer in pieces: start, any number of sends, end. The body of `head` is not used. The content is chunked unless
  // `head` has a Content-Length.
  void start(const Reply& head);
  void send(evbuffer* content);
  void send_then(evbuffer* content, Callback written);
  void end();
  std::size_t unsent() const;

  // One timer; a second call replaces the first.
  void after(holdfast::Duration wait, Callback callback);
  void cancel_timer() noexcept { timer_.reset(); }

  // Ends the exchange as soon as the client closes: without it evhttp notices only when it writes.
  void watch_client();
  void hang();                            // no answer, and shutdown does not wait for it
  void send_raw(std::string_view bytes);  // then closes
  void abort_connection();                // RST

  void close_after_reply() noexcept { close_after_reply_ = true; }

 private:
  void add_fields(const Reply& reply);
  evhttp_connection* connection() const noexcept;
  int descriptor() const noexcept;

  static void on_complete(evhttp_request* request, void* self) noexcept;
  static void on_close(evhttp_connection* connection, void* self) noexcept;
  static void on_timer(evutil_socket_t, short, void* self) noexcept;
  static void on_written(evhttp_connection* connection, void* self) noexcept;
  static void on_client_gone(evutil_socket_t, short, void* self) noexcept;

  ExchangeOwner& owner_;
  std::uint64_t id_;
  evhttp_request* request_;
  Request received_;
  holdfast::TimePoint started_ = holdfast::steady_now();
  int status_ = 0;
  bool endless_ = false;
  bool close_after_reply_ = false;
  Event timer_;
  Callback timer_callback_;
  Event client_watch_;
  Callback written_;
};

}  // namespace users
