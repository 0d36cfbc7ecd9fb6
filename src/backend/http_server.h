// HttpServer: evhttp on one loop thread, and a small pool for what may block.
//
// Requests are planned on the loop; calls run on a pool under a deadline and come back through the inbox. A reply that
// has not come shortly after the deadline is given up, so not even a stuck disk can hold a client. Registrations have a
// pool of their own: hashing a password costs processor time and 19 MiB, and must not hold up anything else.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "backend/event_handles.h"
#include "backend/exchange.h"
#include "backend/listen_socket.h"
#include "backend/log.h"
#include "backend/reply_inbox.h"
#include "backend/service.h"
#include "backend/worker_pool.h"
#include "core/clock.h"

namespace users {

class HttpServer final : private ExchangeOwner {
 public:
  HttpServer(ListenSocket socket, Service& service, Log& log, holdfast::Duration stop_delay);
  ~HttpServer() = default;

  // Serves until SIGTERM or SIGINT: goes on for `stop_delay`, closes the listener, finishes what is in flight. A
  // second signal cuts what is in flight. The destructor waits for calls that a thread has begun.
  void run();

 private:
  void configure_http();
  void add_events();
  void handle(evhttp_request* raw);
  void carry_out(Exchange& exchange, Plan plan);
  void run_on_pool(Exchange& exchange, Command command);
  void give_up_at(holdfast::TimePoint when, Exchange& exchange, const WorkerPool<Call>& pool, std::uint64_t number);
  void execute(const Call& call);  // pool threads
  void deliver_finished();
  void on_stop_signal(int signal);
  void finish();
  void exit_when_idle();
  void ended(Exchange& exchange, Ending ending) noexcept override;
  void log_request(const Exchange& exchange, Ending ending);
  void pause_accepting(int error);
  Event timer(event_callback_fn callback);

  static void on_request(evhttp_request* request, void* self) noexcept;
  static void on_inbox(evutil_socket_t, short, void* self) noexcept;
  static void on_signal(evutil_socket_t signal, short, void* self) noexcept;
  static void on_stop_delay_over(evutil_socket_t, short, void* self) noexcept;
  static void on_finish_over(evutil_socket_t, short, void* self) noexcept;
  static void on_accept_error(evconnlistener* listener, void* self) noexcept;
  static void on_accept_again(evutil_socket_t, short, void* self) noexcept;

  Service& service_;
  Log& log_;
  holdfast::Duration stop_delay_;
  EventBase base_;
  ReplyInbox inbox_;
  std::unordered_map<ExchangeId, std::unique_ptr<Exchange>> exchanges_;
  Http http_;                                // after exchanges_: closing its connections ends them
  evhttp_bound_socket* listener_ = nullptr;  // owned by http_
  Event inbox_event_;
  Event term_event_;
  Event int_event_;
  Event stop_timer_;
  Event finish_timer_;
  Event accept_timer_;
  ExchangeId last_id_ = 0;
  bool stopping_ = false;
  bool finishing_ = false;
  WorkerPool<Call> store_calls_;  // the pools last: their threads use the inbox
  WorkerPool<Call> registrations_;
};

}  // namespace users
