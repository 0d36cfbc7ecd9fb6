// What an exchange does with responses: the origin's, and those of our own.
#include <algorithm>

#include "core/bytes.h"
#include "proxy/exchange.h"
#include "proxy/static_head.h"

namespace holdfast::proxy {
namespace {

constexpr int interims_max = 16;
constexpr std::uint64_t cause_bytes_max = 64U << 10U;
constexpr Duration cause_time_max = std::chrono::milliseconds(100);

// RFC 9110 6.4.1: what the status and the method leave of the content.
ContentShape shape_of(const http::ResponseHead& head, bool head_request) noexcept {
  const bool bodiless = head_request || head.status == 204 || head.status == 304;
  if (bodiless) {
    const bool told = head.has_length && head.status != 204;
    return {.length = head.content_length, .announce_length = told};
  }
  return {.framing = head.framing, .length = head.content_length};
}

bool is_event_stream(const http::ResponseHead& head) noexcept {
  const http::Field* type = head.find(http::FieldId::content_type);
  constexpr std::string_view stream = "text/event-stream";
  return type != nullptr && equals_lower(head.value(*type).substr(0, stream.size()), stream);
}

}  // namespace

void Exchange::interim() {
  const http::ResponseHead& head = x_.response;
  if (head.status == 101) {
    const bool asked = x_.request.upgrade_websocket && request_half_ == RequestHalf::done && head.upgrade_websocket;
    if (!asked) return fail({.reason = Reason::upstream_bad_response, .detail = "101 nobody asked for"});
    return start_tunnel();
  }
  if (++interims_ > interims_max) {
    return fail(
        {.reason = Reason::upstream_bad_response, .detail = "too many interim responses", .limit = interims_max});
  }
  client_->send_interim(head);
  client_dirty_ = true;
  if (head.status == 100 && request_half_ == RequestHalf::sending && !wants_content_ && !origin_blocked_) {
    phase_deadline_.disarm();
    wants_content_ = true;
    client_->want_content(true);
  }
}

// Both directions are raw from here on; the exchange no longer counts against the app's concurrency.
void Exchange::start_tunnel() {
  x_.upgraded = x_.response_head_seen = true;
  x_.at.first_byte = context_.now;
  x_.status = x_.response.status;
  phase_deadline_.disarm();
  request_deadline_.disarm();
  view_->pipeline->on_response(x_, entered_);
  client_->send_response(x_, {}, false);
  client_dirty_ = true;
  tunnel_ = true;
  WorkerCounters::add(context_.counters.tunnels);  // with the flag: finish() takes it back by that
  request_half_ = RequestHalf::sending;
  response_half_ = ResponseHalf::streaming;
  progress_at_ = context_.now;
  lease_->become_tunnel();
  client_->become_tunnel();
  wants_content_ = true;
  client_->want_content(true);
  if (slot_held_) to_.admission->leave(*this);
  slot_held_ = false;
}

void Exchange::respond() {
  const http::ResponseHead& head = x_.response;
  x_.response_head_seen = true;
  x_.at.first_byte = progress_at_ = context_.now;
  x_.status = head.status;
  phase_deadline_.disarm();
  wait_for_client(false);
  if (request_half_ != RequestHalf::done) {  // answered early: the rest of the request is of no use to anybody
    request_half_ = RequestHalf::discarding;
    close_after_ = wants_content_ = true;
    origin_dirty_ = false;
    client_->want_content(true);
  }
  const bool head_request = x_.request.method == http::Method::head;
  if (head.status >= 500 && x_.error.reason == Reason::ok) {
    const policies::RoutePlan& route = *x_.route;
    const bool replaced = route.replace_5xx && !head_request;
    x_.error = {.reason = Reason::upstream_5xx, .rule = replaced ? route.replace_5xx_rule : nullptr};
    if (replaced) return replace_5xx();
    if (route.replace_5xx_report && !head_request) x_.would_have(Reason::upstream_5xx, route.replace_5xx_rule);
  }
  view_->pipeline->on_response(x_, entered_);
  client_->send_response(x_, shape_of(head, head_request), must_close());
  response_half_ = ResponseHalf::streaming;  // not before: when memory runs out, a reply of our own is still possible
  if (is_event_stream(head)) request_deadline_.disarm();
  client_dirty_ = true;
}

// The app's status, our body. The app's own is read on for a moment: it is the cause.
void Exchange::replace_5xx() {
  view_->pipeline->on_response(x_, entered_);
  cause_open_ = x_.route->keep_cause > 0 && x_.response.framing != http::Framing::none;
  if (const http::Field* coding = cause_open_ ? x_.response.find(http::FieldId::content_encoding) : nullptr) {
    cause_coded_ = true;
    x_.cause.assign(x_.response.value(*coding).substr(0, 32));  // now: the head's bytes go with the next read
  }
  local_reply();
  if (!cause_open_) {
    if (x_.response.framing != http::Framing::none) lease_.end(false);
    return;
  }
  phase_ = Event::cause_due;
  context_.deadlines.arm(phase_deadline_, context_.now, cause_time_max);
}

void Exchange::respond_on(Content content) {
  x_.bytes_out += content.bytes.size();
  progress_at_ = context_.now;
  client_->send_content(content);
  client_dirty_ = true;
}

void Exchange::end_response(std::string_view trailers) {
  response_half_ = ResponseHalf::done;
  response_clean_ = true;
  idle_deadline_.disarm();
  client_->send_end(trailers);
  client_dirty_ = true;
  if (!tunnel_) lease_.end(request_half_ == RequestHalf::done);
}

void Exchange::keep_cause(Content content) {
  if (!cause_open_) return;
  cause_read_ += content.bytes.size();
  if (!cause_coded_) {
    const std::size_t room = x_.route->keep_cause - std::min<std::uint64_t>(x_.route->keep_cause, x_.cause.size());
    x_.cause.append(content.bytes.substr(0, room));
  }
  if (cause_read_ >= cause_bytes_max) end_cause();
}

void Exchange::end_cause() {
  if (!cause_open_) return;
  cause_open_ = false;
  phase_deadline_.disarm();
  if (cause_coded_) x_.cause = "[" + x_.cause + ", " + std::to_string(cause_read_) + " bytes]";
  lease_.end(response_clean_ && request_half_ == RequestHalf::done);
  client_dirty_ = true;  // the exchange may be over now
}

// The origin was lost in the middle of its response.
void Exchange::truncate(const Error& error) {
  Error cut = error;
  if (error.reason == Reason::upstream_reset) cut.reason = Reason::upstream_truncated;
  fail(cut);
}

// A response of our own for x_.error, unless that is impossible.
void Exchange::local_reply() {
  response_half_ = ResponseHalf::local;
  const Error& error = x_.error;
  const policies::RoutePlan& route = *x_.route;
  const bool replaced = error.reason == Reason::upstream_5xx;
  client_dirty_ = true;
  if (request_half_ == RequestHalf::discarding) {
    wants_content_ = true;
    client_->want_content(true);
  }
  if (error.reason == Reason::ok) {
    static_head(x_.response, "HTTP/1.1 204 No Content\r\nallow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n\r\n");
    x_.status = x_.response.status;
    view_->pipeline->on_response(x_, entered_);
    client_->send_response(x_, {}, must_close());
    return;
  }
  const bool expired = error.reason == Reason::upstream_connect_slow ||
                       error.reason == Reason::upstream_first_byte_slow ||
                       error.reason == Reason::upstream_request_slow;
  if (!replaced) x_.status = expired ? route.expired_status : failure(error.reason).status;
  const bool shed = x_.status == 429 || (x_.status == 503 && !replaced);
  http::LocalReply reply;
  reply.status = x_.status;
  reply.message = route.message;
  reply.format = route.format;
  reply.proxy_status = route.proxy_status;
  reply.request_id = x_.id();
  reply.request_id_header = view_->plan->listener.request_id_header;
  reply.head_request = x_.request.method == http::Method::head;  // known before the head is complete, or even valid
  reply.close = must_close() || x_.status == 408;
  reply.retry_after_seconds = shed ? std::max<std::uint32_t>(1, x_.retry_after_seconds) : 0;
  reply.replaced = replaced ? &x_.response : nullptr;
  reply.strip = route.strip;
  close_after_ = reply.close;
  client_->send_local(x_, reply);
}

bool Exchange::must_close() noexcept {
  const policies::SizeBound& requests = view_->plan->listener.requests_per_connection;
  const bool used_up = x_.connection->requests >= requests.max;
  if (used_up && requests.report) x_.would_have(Reason::ok, requests.rule);
  return close_after_ || context_.finishing || !client_->may_keep_alive() || (used_up && !requests.report);
}

}  // namespace holdfast::proxy
