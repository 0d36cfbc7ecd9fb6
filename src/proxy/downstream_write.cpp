// The writing side of a client connection: HTTP/1 heads and framing of responses.
#include <cstring>

#include "core/bytes.h"
#include "http/forwarding.h"
#include "proxy/downstream.h"

namespace holdfast::proxy {

void Downstream::send_interim(const http::ResponseHead& head) {
  const policies::Exchange& x = exchange_->x();
  if (x.request.version == http::Version::http10) return;  // RFC 9110 15.2
  const http::ResponseForwarding f{.client_version = x.request.version, .strip = x.route->strip};
  Outbox& out = exchange_->client_out;
  out.commit(http::render_response(head, f, out.reserve(http::response_bound(head, f))));
}

void Downstream::send_response(const policies::Exchange& x, ContentShape shape, bool close) {
  const bool http10 = x.request.version == http::Version::http10;
  out_framing_ = shape.framing;
  if (shape.framing == http::Framing::chunked || shape.framing == http::Framing::until_close) {
    out_framing_ = http10 ? http::Framing::until_close : http::Framing::chunked;
  }
  sent_close_ = close || out_framing_ == http::Framing::until_close;
  if (sent_close_) exchange_->close_after();
  WorkerContext& context = front_.context();
  const http::ResponseForwarding f{
      .framing = {.framing = out_framing_, .length = shape.length, .announce_length = shape.announce_length},
      .client_version = x.request.version,
      .close = sent_close_ && !x.upgraded,
      .keep_alive_seconds = x.upgraded ? 0 : keep_alive_seconds(),
      .upgrade = x.upgraded,
      .strip = x.route->strip,
      .drop = x.response_edits.drop,
      .add = {x.response_edits.fields.data(), x.response_edits.size},
      .replace_request_id = !x.plan->listener.request_id_header.empty(),
      .date = context.date.http_date(context.wall_now_at(context.now)),
  };
  if (x.upgraded) out_framing_ = http::Framing::until_close;
  Outbox& out = exchange_->client_out;
  const std::size_t soon = shape.framing == http::Framing::length ? static_cast<std::size_t>(shape.length) : 0;
  out.commit(http::render_response(x.response, f, out.reserve(http::response_bound(x.response, f), soon)));
}

void Downstream::send_local(policies::Exchange& x, http::LocalReply reply) {
  if (state_ == State::head) give_up_head();
  WorkerContext& context = front_.context();
  reply.date = context.date.http_date(context.wall_now_at(context.now));
  reply.client_version = x.request.version;
  reply.keep_alive_seconds = keep_alive_seconds();
  out_framing_ = http::Framing::length;
  Outbox& out = exchange_->client_out;
  char* begin = out.reserve(http::local_reply_bound(x.error, reply));
  char* end = http::render_local_reply(x.error, reply, begin);
  out.commit(end);
  const std::string_view text(begin, static_cast<std::size_t>(end - begin));
  const std::size_t head_end = text.find("\r\n\r\n");
  if (head_end != std::string_view::npos) x.bytes_out += text.size() - head_end - 4;
}

void Downstream::send_content(Content content) {
  Outbox& out = exchange_->client_out;
  if (out_framing_ != http::Framing::chunked) return out.content(content);
  char* size_line = out.reserve(18, content.bytes.size());
  out.commit(write_text(write_hex(size_line, content.bytes.size()), "\r\n"));
  out.content(content);
  out.append("\r\n");
}

void Downstream::send_end(std::string_view trailers) {
  if (out_framing_ != http::Framing::chunked) return;
  const policies::Exchange& x = exchange_->x();
  Outbox& out = exchange_->client_out;
  char* p = write_text(out.reserve(trailers.size() + 8), "0\r\n");
  if (!trailers.empty()) p += http::copy_trailers(trailers, x.plan->names, x.route->strip, p);
  out.commit(write_text(p, "\r\n"));
}

Outbox::Flushed Downstream::flush() {
  const Outbox::Flushed flushed = exchange_->client_out.flush(*transport_);
  transport_->want_write(flushed == Outbox::Flushed::blocked);
  return flushed;
}

std::size_t Downstream::unsent() const noexcept { return exchange_ ? exchange_->client_out.size() : 0; }

bool Downstream::may_keep_alive() const noexcept {
  return exchange_->x().request_head_complete && exchange_->x().request.keep_alive;
}

std::uint32_t Downstream::keep_alive_seconds() const noexcept {
  const Duration idle = exchange_->view().plan->listener.client_idle.after;
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(idle).count());
}

}  // namespace holdfast::proxy
