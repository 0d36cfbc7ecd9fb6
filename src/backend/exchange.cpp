#include "backend/exchange.h"

#include <event2/bufferevent.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>
#include <utility>

namespace users {
namespace {

std::string_view method_name(evhttp_cmd_type type) noexcept {
  switch (type) {
    case EVHTTP_REQ_GET: return "GET";
    case EVHTTP_REQ_POST: return "POST";
    case EVHTTP_REQ_HEAD: return "HEAD";
    case EVHTTP_REQ_PUT: return "PUT";
    case EVHTTP_REQ_DELETE: return "DELETE";
    case EVHTTP_REQ_OPTIONS: return "OPTIONS";
    case EVHTTP_REQ_TRACE: return "TRACE";
    case EVHTTP_REQ_CONNECT: return "CONNECT";
    case EVHTTP_REQ_PATCH: return "PATCH";
  }
  return "";
}

struct Status {
  int code;
  const char* phrase;
};
constexpr Status statuses[] = {
    {200, "OK"},
    {201, "Created"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
};

const char* reason_phrase(int code) noexcept {
  for (const Status& status : statuses) {
    if (status.code == code) return status.phrase;
  }
  return "Unknown";
}

std::string text_or_empty(const char* text) { return text == nullptr ? std::string() : std::string(text); }

// Moves the content out and wipes where it was: it may hold a password.
std::string take_content(evbuffer* buffer) {
  std::string content(evbuffer_get_length(buffer), '\0');
  evbuffer_copyout(buffer, content.data(), content.size());
  std::vector<evbuffer_iovec> blocks(static_cast<std::size_t>(evbuffer_peek(buffer, -1, nullptr, nullptr, 0)));
  evbuffer_peek(buffer, -1, nullptr, blocks.data(), static_cast<int>(blocks.size()));
  for (const evbuffer_iovec& block : blocks) explicit_bzero(block.iov_base, block.iov_len);
  evbuffer_drain(buffer, content.size());
  return content;
}

Request copy_request(evhttp_request* raw) {
  Request request;
  request.method = method_name(evhttp_request_get_command(raw));
  request.version = std::to_string(raw->major) + "." + std::to_string(raw->minor);
  const evhttp_uri* uri = evhttp_request_get_evhttp_uri(raw);
  request.path = text_or_empty(evhttp_uri_get_path(uri));
  request.query = text_or_empty(evhttp_uri_get_query(uri));
  for (const evkeyval* field = evhttp_request_get_input_headers(raw)->tqh_first; field != nullptr;
       field = field->next.tqe_next) {
    request.fields.push_back({text_or_empty(field->key), text_or_empty(field->value)});
  }
  request.body = take_content(evhttp_request_get_input_buffer(raw));
  return request;
}

}  // namespace

Exchange::Exchange(ExchangeOwner& owner, std::uint64_t id, evhttp_request* request)
    : owner_(owner), id_(id), request_(request), received_(copy_request(request)) {
  evhttp_request_set_on_complete_cb(request_, &Exchange::on_complete, this);
  evhttp_connection_set_closecb(connection(), &Exchange::on_close, this);
}

Exchange::~Exchange() = default;

evhttp_connection* Exchange::connection() const noexcept { return evhttp_request_get_connection(request_); }

int Exchange::descriptor() const noexcept { return bufferevent_getfd(evhttp_connection_get_bufferevent(connection())); }

void Exchange::add_fields(const Reply& reply) {
  evkeyvalq* fields = evhttp_request_get_output_headers(request_);
  evhttp_add_header(fields, "Content-Type", reply.content_type.c_str());
  for (const Field& field : reply.fields) evhttp_add_header(fields, field.name.c_str(), field.value.c_str());
  if (close_after_reply_) evhttp_add_header(fields, "Connection", "close");
}

void Exchange::reply(const Reply& reply) {
  if (status_ != 0) return;  // the answer to a call that was given up arrives late
  timer_.reset();
  status_ = reply.status;
  add_fields(reply);
  const std::string length = std::to_string(reply.body.size());
  evhttp_add_header(evhttp_request_get_output_headers(request_), "Content-Length", length.c_str());
  const Buffer content(evbuffer_new());
  if (received_.method != "HEAD") evbuffer_add(content.get(), reply.body.data(), reply.body.size());
  evhttp_send_reply(request_, reply.status, reason_phrase(reply.status), content.get());
}

void Exchange::start(const Reply& head) {
  status_ = head.status;
  if (received_.version == "1.0") close_after_reply_ = true;  // no chunks there: the close ends the content
  const int on = 1;
  ::setsockopt(descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  add_fields(head);
  evhttp_send_reply_start(request_, head.status, reason_phrase(head.status));
}

void Exchange::send(evbuffer* content) { evhttp_send_reply_chunk(request_, content); }

void Exchange::send_then(evbuffer* content, Callback written) {
  written_ = std::move(written);
  evhttp_send_reply_chunk_with_cb(request_, content, &Exchange::on_written, this);
}

void Exchange::end() {
  timer_.reset();
  client_watch_.reset();
  evhttp_send_reply_end(request_);  // may end the exchange: nothing may follow
}

std::size_t Exchange::unsent() const {
  return evbuffer_get_length(bufferevent_get_output(evhttp_connection_get_bufferevent(connection())));
}

void Exchange::after(holdfast::Duration wait, Callback callback) {
  timer_callback_ = std::move(callback);
  event_base* base = evhttp_connection_get_base(connection());
  if (!timer_) timer_.reset(evtimer_new(base, &Exchange::on_timer, this));
  event_base_update_cache_time(base);  // else a wait begins when the loop's turn did, and ends too soon
  const timeval interval = to_timeval(wait);
  evtimer_add(timer_.get(), &interval);
}

void Exchange::watch_client() {
  event_base* base = evhttp_connection_get_base(connection());
  client_watch_.reset(event_new(base, descriptor(), EV_CLOSED, &Exchange::on_client_gone, this));
  event_add(client_watch_.get(), nullptr);
}

void Exchange::hang() {
  endless_ = true;
  watch_client();
}

void Exchange::send_raw(std::string_view bytes) {
  // Sent past evhttp, which has written nothing on this turn: the socket's buffer has room for a few bytes.
  static_cast<void>(::send(descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  evhttp_connection_free(connection());
}

void Exchange::abort_connection() {
  // Connecting to AF_UNSPEC dissolves a TCP connection with RST. SO_LINGER 0 would not do: evhttp sends a FIN first.
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  static_cast<void>(::connect(descriptor(), &nowhere, sizeof nowhere));
  evhttp_connection_free(connection());
}

void Exchange::on_complete(evhttp_request* request, void* self) noexcept {
  auto* exchange = static_cast<Exchange*>(self);
  evhttp_connection_set_closecb(evhttp_request_get_connection(request), nullptr, nullptr);
  exchange->owner_.ended(*exchange, Ending::answered);
}

void Exchange::on_close(evhttp_connection*, void* self) noexcept {
  auto* exchange = static_cast<Exchange*>(self);
  evhttp_request* request = exchange->request_;
  const bool left_to_us = evhttp_request_get_connection(request) == nullptr;
  exchange->owner_.ended(*exchange, Ending::cut);
  if (left_to_us) evhttp_request_free(request);
}

void Exchange::on_timer(evutil_socket_t, short, void* self) noexcept {
  const Callback callback = std::move(static_cast<Exchange*>(self)->timer_callback_);
  if (callback) callback();
}

void Exchange::on_written(evhttp_connection*, void* self) noexcept {
  const Callback callback = std::move(static_cast<Exchange*>(self)->written_);
  if (callback) callback();
}

void Exchange::on_client_gone(evutil_socket_t, short, void* self) noexcept {
  evhttp_connection_free(static_cast<Exchange*>(self)->connection());  // calls on_close
}

}  // namespace users
