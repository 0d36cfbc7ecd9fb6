#include "backend/http_server.h"

#include <event2/listener.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>
#include <variant>

#include "backend/api.h"
#include "backend/fault_player.h"
#include "backend/framing.h"
#include "core/check.h"

namespace users {
namespace {

using holdfast::Duration;
using holdfast::TimePoint;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t store_threads = 8;
constexpr std::size_t store_queue = 128;
constexpr std::size_t registration_threads = 2;
constexpr std::size_t registration_queue = 32;  // well under a second of hashing
constexpr int connection_idle_s = 75;           // longer than a proxy keeps its idle connections
constexpr ev_ssize_t max_header_bytes = 256 << 10;
constexpr ev_ssize_t max_body_bytes = 2 << 20;
constexpr milliseconds give_up_after{50};  // beyond the store's own bound
constexpr seconds finish_bound{10};
constexpr milliseconds accept_pause{100};
constexpr std::size_t max_logged_path = 512;  // a client chooses it, and thousands of lines may wait in memory

}  // namespace

HttpServer::HttpServer(ListenSocket socket, Service& service, Log& log, Duration stop_delay)
    : service_(service),
      log_(log),
      stop_delay_(stop_delay),
      base_(event_base_new()),
      http_(base_ ? evhttp_new(base_.get()) : nullptr),
      store_calls_(store_threads, store_queue, [this](Call& call) { execute(call); }),
      registrations_(registration_threads, registration_queue, [this](Call& call) { execute(call); }) {
  HOLDFAST_CHECK(http_ != nullptr);
  configure_http();
  listener_ = evhttp_accept_socket_with_handle(http_.get(), socket.fd.get());
  HOLDFAST_CHECK(listener_ != nullptr);
  static_cast<void>(socket.fd.release());
  evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(listener_), &HttpServer::on_accept_error);
  add_events();
}

void HttpServer::configure_http() {
  evhttp_set_gencb(http_.get(), &HttpServer::on_request, this);
  evhttp_set_timeout(http_.get(), connection_idle_s);
  evhttp_set_max_headers_size(http_.get(), max_header_bytes);
  evhttp_set_max_body_size(http_.get(), max_body_bytes);
  evhttp_set_flags(http_.get(), EVHTTP_SERVER_LINGERING_CLOSE);  // so that a 413 arrives
  evhttp_set_default_content_type(http_.get(), nullptr);
  evhttp_set_allowed_methods(http_.get(), EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |
                                              EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
}

void HttpServer::add_events() {
  inbox_event_.reset(event_new(base_.get(), inbox_.descriptor(), EV_READ | EV_PERSIST, &HttpServer::on_inbox, this));
  event_add(inbox_event_.get(), nullptr);
  term_event_.reset(evsignal_new(base_.get(), SIGTERM, &HttpServer::on_signal, this));
  evsignal_add(term_event_.get(), nullptr);
  int_event_.reset(evsignal_new(base_.get(), SIGINT, &HttpServer::on_signal, this));
  evsignal_add(int_event_.get(), nullptr);
  stop_timer_ = timer(&HttpServer::on_stop_delay_over);
  finish_timer_ = timer(&HttpServer::on_finish_over);
  accept_timer_ = timer(&HttpServer::on_accept_again);
}

Event HttpServer::timer(event_callback_fn callback) { return Event(evtimer_new(base_.get(), callback, this)); }

void HttpServer::run() { event_base_dispatch(base_.get()); }

void HttpServer::handle(evhttp_request* raw) {
  const ExchangeId id = ++last_id_;
  ExchangeOwner& owner = *this;
  const auto [place, added] = exchanges_.emplace(id, std::make_unique<Exchange>(owner, id, raw));
  if (!added) return;  // ids do not repeat
  Exchange& exchange = *place->second;
  const Framing framing = framing_of(exchange.request());
  if (finishing_ || framing != Framing::clear) exchange.close_after_reply();
  Plan plan = framing == Framing::doubtful ? Plan(error_reply(400, "invalid request: its content ends in doubt"))
                                           : service_.plan(id, exchange.request());
  exchange.forget_content();
  carry_out(exchange, std::move(plan));
}

void HttpServer::carry_out(Exchange& exchange, Plan plan) {
  if (const auto* reply = std::get_if<Reply>(&plan)) return exchange.reply(*reply);
  if (auto* command = std::get_if<Command>(&plan)) return run_on_pool(exchange, std::move(*command));
  const auto* fault = std::get_if<Fault>(&plan);
  if (fault == nullptr) return exchange.reply(internal_error());
  if (std::holds_alternative<Crash>(*fault)) log_.write(Level::error, "crashing on request");
  play(*fault, exchange);
}

void HttpServer::run_on_pool(Exchange& exchange, Command command) {
  WorkerPool<Call>& pool = std::holds_alternative<RegisterUser>(command) ? registrations_ : store_calls_;
  const TimePoint until = exchange.started() + store_call_bound;
  const auto number =
      pool.submit({exchange.id(), std::string(exchange.request().request_id()), std::move(command), until});
  if (!number) return exchange.reply(busy());
  give_up_at(until + give_up_after, exchange, pool, *number);
}

void HttpServer::give_up_at(TimePoint when, Exchange& exchange, const WorkerPool<Call>& pool, std::uint64_t number) {
  const Duration wait = std::max(when - holdfast::steady_now(), Duration::zero());
  exchange.after(wait, [this, when, &exchange, &pool, number] {
    // libevent counts from when the loop last woke up, so after a busy turn a timer is early: too early to say that
    // the call will not be carried out.
    if (holdfast::steady_now() < when) return give_up_at(when, exchange, pool, number);
    if (!pool.has_started(number)) return exchange.reply(busy());  // a thread will find its time gone, and drop it
    log_.write(
        Level::error, "store call given up",
        {{"exchange", static_cast<std::int64_t>(exchange.id())}, {"request_id", exchange.request().request_id()}});
    exchange.reply(internal_error());
  });
}

void HttpServer::execute(const Call& call) { inbox_.post(call.exchange, service_.execute(call)); }

void HttpServer::deliver_finished() {
  for (const FinishedReply& finished : inbox_.take()) {
    const auto found = exchanges_.find(finished.exchange);
    if (found != exchanges_.end()) found->second->reply(finished.reply);
  }
}

void HttpServer::ended(Exchange& exchange, Ending ending) noexcept {
  log_request(exchange, ending);
  exchanges_.erase(exchange.id());
  if (finishing_) exit_when_idle();
}

void HttpServer::log_request(const Exchange& exchange, Ending ending) {
  const Request& request = exchange.request();
  const Duration took = holdfast::steady_now() - exchange.started();
  const bool cut = ending == Ending::cut;
  const int status = exchange.status();
  const Level level = status >= 500 ? Level::error : cut ? Level::warn : Level::info;
  log_.write(level, cut ? "request cut" : "request",
             {{"exchange", static_cast<std::int64_t>(exchange.id())},
              {"request_id", request.request_id()},
              {"method", std::string_view(request.method)},
              {"path", std::string_view(request.path).substr(0, max_logged_path)},
              {"status", std::int64_t{status}},
              {"ms", std::chrono::duration<double, std::milli>(took).count()}});
}

void HttpServer::on_stop_signal(int signal) {
  if (stopping_) {
    log_.write(Level::warn, "stopping at once", {{"signal", std::int64_t{signal}}});
    event_base_loopbreak(base_.get());
    return;
  }
  stopping_ = true;
  log_.write(Level::info, "stopping", {{"signal", std::int64_t{signal}}});
  const timeval delay = to_timeval(stop_delay_);
  evtimer_add(stop_timer_.get(), &delay);
}

void HttpServer::finish() {
  finishing_ = true;
  accept_timer_.reset();
  evhttp_del_accept_socket(http_.get(), listener_);
  listener_ = nullptr;
  for (const auto& [id, exchange] : exchanges_) exchange->close_after_reply();
  const timeval bound = to_timeval(finish_bound);
  evtimer_add(finish_timer_.get(), &bound);
  exit_when_idle();
}

void HttpServer::exit_when_idle() {
  for (const auto& [id, exchange] : exchanges_) {
    if (!exchange->endless()) return;
  }
  event_base_loopexit(base_.get(), nullptr);
}

// Out of descriptors, for example: without a pause the loop would spin on the listener.
void HttpServer::pause_accepting(int error) {
  if (listener_ == nullptr) return;
  evconnlistener_disable(evhttp_bound_socket_get_listener(listener_));
  const char* cause = ::strerrordesc_np(error);
  log_.write(Level::error, "cannot accept", {{"cause", std::string_view(cause == nullptr ? "" : cause)}});
  const timeval pause = to_timeval(accept_pause);
  evtimer_add(accept_timer_.get(), &pause);
}

void HttpServer::on_request(evhttp_request* request, void* self) noexcept {
  static_cast<HttpServer*>(self)->handle(request);
}

void HttpServer::on_inbox(evutil_socket_t, short, void* self) noexcept {
  static_cast<HttpServer*>(self)->deliver_finished();
}

void HttpServer::on_signal(evutil_socket_t signal, short, void* self) noexcept {
  static_cast<HttpServer*>(self)->on_stop_signal(signal);
}

void HttpServer::on_stop_delay_over(evutil_socket_t, short, void* self) noexcept {
  static_cast<HttpServer*>(self)->finish();
}

void HttpServer::on_finish_over(evutil_socket_t, short, void* self) noexcept {
  auto* server = static_cast<HttpServer*>(self);
  server->log_.write(Level::warn, "requests still in flight are cut");
  event_base_loopexit(server->base_.get(), nullptr);
}

// The listener's own argument is evhttp's: an event that is always pending leads to this server.
void HttpServer::on_accept_error(evconnlistener* listener, void*) noexcept {
  const int error = errno;
  void* self = nullptr;
  const auto find = [](const event_base*, const event* one, void* found) noexcept {
    if (event_get_callback(one) != &HttpServer::on_inbox) return 0;
    *static_cast<void**>(found) = event_get_callback_arg(one);
    return 1;  // ends the search
  };
  static_cast<void>(event_base_foreach_event(evconnlistener_get_base(listener), find, static_cast<void*>(&self)));
  if (self != nullptr) static_cast<HttpServer*>(self)->pause_accepting(error);
}

void HttpServer::on_accept_again(evutil_socket_t, short, void* self) noexcept {
  evconnlistener_enable(evhttp_bound_socket_get_listener(static_cast<HttpServer*>(self)->listener_));
}

}  // namespace users
