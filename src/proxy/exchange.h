// exchange: one request and its response, from the first byte to on_complete().
//
// Events come from the two streams, from admission and from deadlines; exchange_table.h says what each does in which
// state, exchange.cpp tells the story. An exchange is used again for later requests. Worker's thread only.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/deadline.h"
#include "http/content_decoder.h"
#include "http/h1_parser.h"
#include "policies/exchange.h"
#include "proxy/admission.h"
#include "proxy/context.h"
#include "proxy/exchange_table.h"
#include "proxy/streams.h"

namespace holdfast::proxy {

// Where the exchanges of one listener go.
struct Destination {
  Origin* origin = nullptr;
  Admission* admission = nullptr;  // null: no concurrency limit (telemetry, admin)
};

class Exchange final : public Mortal {
 public:
  explicit Exchange(WorkerContext& context);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // At the first byte of a request. `facts` and `client` must outlive the exchange.
  void begin(ClientStream& client, Destination destination, ViewRef view,
             const policies::ConnectionFacts& facts) noexcept;

  // Over and back in the spares: lets go of its snapshot, blocks and deadlines.
  void rest() noexcept;

  // Events of the client's stream. The head is in x().request.
  void on_request_head() { handle({.event = Event::request_head}); }
  void on_request_refused(Error error) { handle({.event = Event::request_refused, .error = &error}); }
  void on_request_content(Content content) { handle({.event = Event::request_content, .content = content}); }
  void on_request_end(std::string_view trailers) { handle({.event = Event::request_end, .trailers = trailers}); }
  void on_downstream_lost() { handle({.event = Event::downstream_lost}); }
  void on_downstream_writable() { client_dirty_ = true; }
  void cut();  // the end of a drain

  // Events of admission and origin.
  void on_admitted() {
    slot_held_ = true;
    handle({.event = Event::admitted});
  }
  void refuse_as_queue_full();  // after it had a place there
  bool make_room();             // true: it was ended, since its client is too slow for what others wait for
  void on_origin_ready(Lease lease) { handle({.event = Event::origin_ready, .lease = &lease}); }
  void on_origin_failed(int error_number) { handle({.event = Event::origin_failed, .number = error_number}); }

  // Events of the origin's stream. The head is in x().response.
  void on_response_interim() { handle({.event = Event::response_interim}); }
  void on_response_head() { handle({.event = Event::response_head}); }
  void on_response_content(Content content) { handle({.event = Event::response_content, .content = content}); }
  void on_response_end(std::string_view trailers) { handle({.event = Event::response_end, .trailers = trailers}); }
  void on_upstream_lost(Error error) { handle({.event = Event::upstream_lost, .error = &error}); }
  void on_upstream_writable() { origin_dirty_ = true; }

  // A deadline of the reader (head not complete in time).
  void on_client_headers_due() { handle({.event = Event::client_headers_due}); }
  // Drain: the connection closes after this exchange; at the end of `finish` a tunnel is cut.
  void close_after() noexcept { close_after_ = true; }
  // What escaped as an exception while this exchange was being handled. Never throws.
  void on_exception(std::string_view text) noexcept;

  // Ends the turn for this exchange: flushes both directions, arms what waits, finishes when all is said. The exchange
  // may be over afterwards.
  void settle();

  Duration head_wait() const noexcept;  // how long the reader may wait for the head

  bool wants_content() const noexcept { return wants_content_; }
  // Content has come although the client asked to be told when to send it: it does not wait, so neither do we.
  void content_came_unasked() noexcept;
  bool awaits_content() const noexcept;  // some of it has not come yet
  // Small content is gathered while its request is queued.
  bool gathers_content() const noexcept {
    constexpr std::uint64_t gathered_most = 64U << 10U;
    return request_half_ == RequestHalf::gated && x_.request.framing == http::Framing::length &&
           x_.request.content_length <= gathered_most;
  }
  bool awaits_response() const noexcept { return response_half_ == ResponseHalf::none; }
  RequestHalf request_half() const noexcept { return request_half_; }
  ResponseHalf response_half() const noexcept { return response_half_; }
  std::string_view state_word() const noexcept;  // receiving, queued, forwarding, responding, done
  bool over() const noexcept { return over_; }
  bool tunnel() const noexcept { return tunnel_; }
  policies::Exchange& x() noexcept { return x_; }
  const policies::Exchange& x() const noexcept { return x_; }
  const View& view() const noexcept { return *view_; }
  WorkerContext& context() noexcept { return context_; }
  bool slot_reported() const noexcept { return slot_held_; }

  // Parts of the client's HTTP/1 stream that live as long as an exchange, so that an idle connection does not carry
  // them.
  http::RequestParser parser;
  http::ContentDecoder decoder;
  Outbox client_out;

  AdmissionPlace place;
  // Set by an origin while this exchange waits for it; opaque to others.
  void* origin_wait = nullptr;

 private:
  friend class ExchangeProbe;  // tests put an exchange into any state

  struct Signal {
    Event event;
    Content content{};
    std::string_view trailers{};
    const Error* error = nullptr;
    Lease* lease = nullptr;
    int number = 0;
  };
  void handle(const Signal& signal);

  // Actions on the request.
  void gate();
  bool check_head();
  bool has_content() const noexcept;
  void admit();
  void acquire(bool fresh);
  void send_head(Lease lease);
  void retry_or_fail(int error_number);
  void forward(Content content);
  void end_request(std::string_view trailers);
  void answer_options();
  void spoiled() noexcept;

  // Actions on the response (exchange_response.cpp).
  void interim();
  void respond();
  void replace_5xx();
  void start_tunnel();
  void respond_on(Content content);
  void end_response(std::string_view trailers);
  void keep_cause(Content content);
  void end_cause();
  void truncate(const Error& error);
  void local_reply();
  bool must_close() noexcept;

  // Ends (exchange_end.cpp).
  void resend_or_fail(const Error& error);
  void gone();
  void left_early();
  void fail(const Error& error);
  void stop_upstream() noexcept;
  void finish();
  void answer_exception(std::string_view text);
  void cut_short();
  void complete() { view_->pipeline->on_complete(x_, hooks_completed_); }

  // Waits (exchange_waits.cpp).
  void settle_origin();
  void settle_client();
  void arm_waits();
  void arm_phase(Event event, const policies::TimeBound& bound);
  void timeout(Event event);
  bool only_reports(Event event, const policies::TimeBound& bound, Reason reason);
  Duration wait_of(Event event, const policies::TimeBound& bound) const noexcept;
  void request_due();
  void stream_idle_due();
  void client_takes() noexcept;
  TimePoint client_due() const noexcept;
  bool client_too_slow() noexcept;
  bool told_of_idle() const noexcept;
  void client_sent() noexcept;
  bool sends_too_slowly();
  bool sends_slower_than_pressed() const noexcept;
  bool takes_slower_than_pressed() noexcept;
  void wait_for_client(bool waiting) noexcept;
  static void phase_expired(void* self);
  static void request_expired(void* self);
  static void idle_expired(void* self);
  void expired(Event event);

  WorkerContext& context_;
  policies::Exchange x_;
  ViewRef view_;
  ClientStream* client_ = nullptr;
  Destination to_;
  Lease lease_;
  RequestHalf request_half_ = RequestHalf::head;
  ResponseHalf response_half_ = ResponseHalf::none;
  int entered_ = -1;
  std::size_t hooks_completed_ = 0;  // on_complete() hooks that were called
  std::uint8_t interims_ = 0;
  std::uint32_t reported_ = 0;  // set of Event: report mode, counted already
  bool over_ = true;
  bool slot_held_ = false;
  bool retried_ = false;
  bool content_begun_ = false;  // request content went to the origin
  bool request_ended_ = false;  // while discarding: its end was seen
  bool wants_content_ = false;
  bool close_after_ = false;
  bool client_dirty_ = false;
  bool origin_dirty_ = false;
  bool client_blocked_ = false;  // the client takes no more for now
  bool origin_blocked_ = false;
  bool origin_deaf_ = false;     // writing to the origin failed; what it said before may still come
  bool response_clean_ = false;  // the response ended as it should
  bool tunnel_ = false;
  bool cause_open_ = false;   // the body of a replaced 5xx is still being read
  bool cause_coded_ = false;  // and is coded: only its size is told
  bool settling_ = false;
  bool client_lost_ = false;  // bytes of ours were lost with the client's connection
  Event phase_ = Event::connect_due;
  Deadline phase_deadline_;
  Deadline request_deadline_;
  Deadline idle_deadline_;
  TimePoint waiting_since_{};  // for the client; default: not waiting
  Duration waited_{};          // for the client, in total
  TimePoint progress_at_{};    // streaming: the last byte either way
  TimePoint taken_at_{};       // while client_blocked_: when the client last took something
  TimePoint window_begin_{};   // slow readers: window of at least 512 B/s over 20 s
  std::uint64_t window_written_ = 0;
  std::uint64_t taken_ = 0;          // while client_blocked_: client_out.written() at taken_at_
  Duration upload_waited_{};         // slow senders: waiting for content in this window
  std::uint64_t upload_before_ = 0;  // bytes_in at its begin
  TimePoint pressed_at_{};           // while client_blocked_: since when others have been seen to wait
  std::uint64_t pressed_taken_ = 0;  // what the client had taken by then
  std::uint64_t cause_read_ = 0;
};

}  // namespace holdfast::proxy
