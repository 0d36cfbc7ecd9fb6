// response_forwarding: the head of a response for the client. Declared in forwarding.h.
#include "core/bytes.h"
#include "http/field_filter.h"
#include "http/forwarding.h"

namespace holdfast::http {
namespace {

// `Close` is no field, but what `Connection: close` would name (RFC 9112 9.6).
constexpr FieldSet always_dropped =
    set_of({FieldId::close, FieldId::connection, FieldId::content_length, FieldId::keep_alive,
            FieldId::proxy_connection, FieldId::te, FieldId::transfer_encoding, FieldId::upgrade});
// What an app's Connection cannot have removed: how the content is to be read.
constexpr FieldSet kept_when_nominated =
    set_of({FieldId::content_encoding, FieldId::content_length, FieldId::content_range, FieldId::content_type,
            FieldId::date, FieldId::set_cookie, FieldId::www_authenticate});

FieldSet dropped(const ResponseForwarding& f) noexcept {
  FieldSet drop = united(always_dropped, f.drop);
  if (f.framing.framing != Framing::chunked) drop.add(FieldId::trailer);
  return drop;
}

char* write_status_line(const ResponseHead& head, const ResponseForwarding& f, char* out) noexcept {
  out = write_text(out, "HTTP/1.1 ");
  out = write_decimal(out, head.status);
  *out++ = ' ';
  out = write_text(out, f.replace_reason ? f.reason : head.text(head.reason));
  return write_text(out, "\r\n");
}

char* write_connection(const ResponseForwarding& f, char* out) noexcept {
  if (f.close) return write_text(out, "Connection: close\r\n");
  if (f.client_version == Version::http10) out = write_text(out, "Connection: keep-alive\r\n");
  if (f.keep_alive_seconds == 0) return out;
  out = write_text(out, "Keep-Alive: timeout=");
  out = write_decimal(out, f.keep_alive_seconds);
  return write_text(out, "\r\n");
}

}  // namespace

std::size_t response_bound(const ResponseHead& head, const ResponseForwarding& f) noexcept {
  constexpr std::size_t own_lines = 160;  // fixed parts of what is written below
  return head.size + f.reason.size() + f.date.size() + size_of_fields(f.add) + framing_bound + own_lines;
}

char* render_response(const ResponseHead& head, const ResponseForwarding& f, char* out) noexcept {
  const bool interim = head.status < 200;
  const auto marks = static_cast<std::uint8_t>(mark_dropped | (f.strip ? mark_strip : 0) |
                                               (f.replace_request_id ? mark_request_id : 0));
  out = write_status_line(head, f, out);
  out = FieldFilter(head, dropped(f), marks, kept_when_nominated).copy(out);
  if (!interim) {
    const bool dated = head.present.has(FieldId::date) && !f.drop.has(FieldId::date);
    if (!dated && !f.date.empty()) out = write_field(out, "Date", f.date);
    if (head.status != 204) out = write_framing(out, f.framing);  // RFC 9110 8.6
    out = write_connection(f, out);
  } else if (f.upgrade) {
    out = write_text(out, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
  }
  out = write_fields(out, f.add);
  return write_text(out, "\r\n");
}

}  // namespace holdfast::http
