// request_forwarding: the head of a request for the app. Declared in forwarding.h.
#include <algorithm>
#include <bit>

#include "core/bytes.h"
#include "http/field_filter.h"
#include "http/forwarding.h"
#include "http/simd.h"

namespace holdfast::http {
namespace {

constexpr std::string_view via_http11 = "Via: 1.1 holdfast\r\n";
constexpr std::string_view via_http10 = "Via: 1.0 holdfast\r\n";

// `Close` is no field, but what `Connection: close` would name (RFC 9112 9.6).
constexpr FieldSet always_dropped =
    set_of({FieldId::close, FieldId::connection, FieldId::content_length, FieldId::keep_alive,
            FieldId::proxy_connection, FieldId::te, FieldId::transfer_encoding, FieldId::upgrade});
constexpr FieldSet client_claims =
    set_of({FieldId::forwarded, FieldId::x_forwarded_for, FieldId::x_forwarded_host, FieldId::x_forwarded_proto});
// What Connection cannot have removed: what the message means, who sent it, and where it came from.
constexpr FieldSet kept_when_nominated =
    united(client_claims, set_of({FieldId::authorization, FieldId::content_length, FieldId::cookie, FieldId::host}));

bool all_token(std::string_view text) noexcept {
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at < end; at += 16) {
    const std::uint32_t others = bits_up_to(
        text.data(), at, end, [](Bytes16 b) { return (common_name_characters(b) | b.equals('.')).bits() ^ 0xffffU; });
    if (others != 0) return std::all_of(at + std::countr_zero(others), end, is_token_character);
  }
  return !text.empty();
}

// RFC 7239 6: an IPv6 address is bracketed and quoted; a peer without an address is `unknown`.
char* write_forwarded_node(char* out, std::string_view peer) noexcept {
  if (peer.find(':') == std::string_view::npos) return write_text(out, peer == "unix" ? "unknown" : peer);
  out = write_text(out, "\"[");
  out = write_text(out, peer);
  return write_text(out, "]\"");
}

char* write_forwarded(char* out, std::string_view peer, std::string_view host) noexcept {
  out = write_text(out, "for=");
  out = write_forwarded_node(out, peer);
  if (!host.empty()) {
    const bool token = all_token(host);
    out = write_text(out, token ? ";host=" : ";host=\"");
    out = write_text(out, host);  // an authority has neither quote nor backslash
    if (!token) *out++ = '"';
  }
  return write_text(out, ";proto=http");
}

// One field whose value gets one more member at its end.
template <class WriteMember>
char* write_appended(char* out, std::string_view name, std::string_view value, WriteMember write_member) noexcept {
  out = write_text(out, name);
  out = write_text(out, ": ");
  out = write_text(out, value);
  if (!value.empty()) out = write_text(out, ", ");
  out = write_member(out);
  return write_text(out, "\r\n");
}

struct Chain {  // what goes on of the forwarding fields that an earlier proxy wrote
  const RequestHead& head;
  const RequestForwarding& f;

  const Field* last(FieldId id) const noexcept {
    const Field* found = nullptr;
    for (const Field& field : head.fields) {
      if (field.id == id) found = &field;
    }
    return found;
  }

  // All fields of that id as received, except the last, which gets one more member. Without any the member is the
  // field.
  template <class WriteMember>
  char* append(char* out, FieldId id, std::string_view name, WriteMember write_member) const noexcept {
    const Field* const end = head.present.has(id) ? last(id) : nullptr;
    if (end == nullptr) return write_appended(out, name, {}, write_member);
    for (const Field& field : head.fields) {
      if (field.id == id && &field != end) out = write_field(out, name, head.value(field));
    }
    return write_appended(out, name, head.value(*end), write_member);
  }
};

char* write_client(const RequestHead& head, const RequestForwarding& f, char* out) noexcept {
  const std::string_view host = head.text(head.authority);
  const auto node = [&](char* at) { return write_text(at, f.peer == "unix" ? "unknown" : f.peer); };
  const auto forwarded = [&](char* at) { return write_forwarded(at, f.peer, host); };
  const Chain chain{head, f};
  if (f.trusted_hops == 0) {
    out = write_appended(out, "X-Forwarded-For", {}, node);
    out = write_text(out, "X-Forwarded-Proto: http\r\n");
    if (!host.empty()) out = write_field(out, "X-Forwarded-Host", host);
    return write_appended(out, "Forwarded", {}, forwarded);
  }
  out = chain.append(out, FieldId::x_forwarded_for, "X-Forwarded-For", node);
  // A chain that we would begin would hide the hops before us, which are in X-Forwarded-For.
  if (head.present.has(FieldId::forwarded)) out = chain.append(out, FieldId::forwarded, "Forwarded", forwarded);
  return out;
}

char* write_request_line(const RequestHead& head, char* out) noexcept {
  out = write_text(out, head.text(head.method_text));
  *out++ = ' ';
  const std::string_view path = head.text(head.path_and_query);
  if (head.asterisk_form) {
    *out++ = '*';
  } else {
    if (path.empty() || path.front() == '?') *out++ = '/';
    out = write_text(out, path);
  }
  return write_text(out, " HTTP/1.1\r\n");
}

// The hop's own Connection field, with the fields it names.
char* write_connection(const RequestHead& head, char* out) noexcept {
  if (head.upgrade_websocket) return write_text(out, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
  if (head.te_trailers) return write_text(out, "Connection: TE\r\nTE: trailers\r\n");
  return out;
}

// RFC 9110 7.6.2: only OPTIONS (and TRACE, which we refuse) count down.
bool counts_down(const RequestHead& head, const FieldSet& drop) noexcept {
  return head.method == Method::options && head.present.has(FieldId::max_forwards) && !drop.has(FieldId::max_forwards);
}

char* write_max_forwards(const RequestHead& head, char* out) noexcept {
  const Field* field = head.find(FieldId::max_forwards);
  std::uint64_t n = 0;
  if (field == nullptr || !parse_length(head.value(*field), n) || n == 0) return out;
  out = write_text(out, "Max-Forwards: ");
  out = write_decimal(out, n - 1);
  return write_text(out, "\r\n");
}

// Expect goes on when it is our client's to wait (RFC 9110 10.1.1), or one that we do not know and the app may.
bool drops_expect(const RequestHead& head) noexcept {
  if (!head.present.has(FieldId::expect) || head.expect_continue) return false;
  if (head.version == Version::http10) return true;
  std::size_t count = 0;
  bool waits = false;
  for (const Field& f : head.fields) {
    if (f.id != FieldId::expect) continue;
    ++count;
    waits = waits || lists_token(head.value(f), "100-continue");
  }
  return waits || count > 1;
}

FieldSet dropped(const RequestHead& head, const RequestForwarding& f) noexcept {
  FieldSet drop = united(united(always_dropped, f.drop), client_claims);
  if (f.trusted_hops != 0) {  // Proto and Host pass
    drop.bits &= ~set_of({FieldId::x_forwarded_host, FieldId::x_forwarded_proto}).bits;
    drop = united(drop, f.drop);
  }
  if (head.absolute_form) drop.add(FieldId::host);
  if (drops_expect(head)) drop.add(FieldId::expect);
  if (counts_down(head, drop)) drop.add(FieldId::max_forwards);
  return drop;
}

}  // namespace

std::size_t request_bound(const RequestHead& head, const RequestForwarding& f) noexcept {
  constexpr std::size_t own_lines = 384;  // names and fixed parts of everything below, framing included
  const std::size_t host = head.authority.size + f.upstream_authority.size();
  return head.size + 3 * host + 2 * (f.peer.size() + 8) + 4 * head.fields.size() + size_of_fields(f.add) + own_lines;
}

char* render_request(const RequestHead& head, const RequestForwarding& f, char* out) noexcept {
  const FieldSet drop = dropped(head, f);
  const auto marks = static_cast<std::uint8_t>(mark_dropped | (f.replace_request_id ? mark_request_id : 0));
  out = write_request_line(head, out);
  if (head.absolute_form) {
    out = write_field(out, "Host", head.text(head.authority));
  } else if (!head.present.has(FieldId::host)) {
    out = write_field(out, "Host", f.upstream_authority);
  }
  out = FieldFilter(head, drop, marks, kept_when_nominated).copy(out);
  if (counts_down(head, f.drop)) out = write_max_forwards(head, out);
  out = write_framing(out, f.framing);
  out = write_connection(head, out);
  out = write_client(head, f, out);
  out = write_text(out, head.version == Version::http11 ? via_http11 : via_http10);
  out = write_fields(out, f.add);
  return write_text(out, "\r\n");
}

std::string_view forwarded_for(const RequestHead& head, std::size_t n) noexcept {
  if (n == 0 || !head.present.has(FieldId::x_forwarded_for)) return {};
  for (std::size_t i = head.fields.size(); i-- > 0;) {
    if (head.fields[i].id != FieldId::x_forwarded_for) continue;
    std::string_view list = head.value(head.fields[i]);
    while (!list.empty()) {
      const std::size_t comma = list.rfind(',');
      std::string_view member = comma == std::string_view::npos ? list : list.substr(comma + 1);
      list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
      member = next_member(member);
      if (!member.empty() && --n == 0) return member;
    }
  }
  return {};
}

}  // namespace holdfast::http
