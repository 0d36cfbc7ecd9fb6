// forwarding: the head that goes out, from the head that came in (RFC 9110 7.6, RFC 9112 3.2).
//
// Received bytes are copied field by field; connection-specific fields, everything Connection names, marked and dropped
// fields stay behind; framing is written anew. What a client names in Connection cannot remove Content-Length, Host,
// Authorization, Cookie or the request id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/head.h"

namespace holdfast::http {

struct AddedField {
  std::string_view name;
  std::string_view value;
};

// How the content is framed on the way out.
struct OutFraming {
  Framing framing = Framing::none;
  std::uint64_t length = 0;
  bool announce_length = false;  // Framing::none with a Content-Length line (HEAD, 304; POST without content: 0)
};

struct RequestForwarding {
  OutFraming framing;
  std::string_view peer;  // address of the connection's other end, for X-Forwarded-For and Forwarded
  std::uint8_t trusted_hops =
      0;  // 0: X-Forwarded-* and Forwarded of the client are dropped and set anew; else appended to
  std::string_view upstream_authority;  // Host when a 1.0 request has none
  FieldSet drop;                        // ids a policy removes
  std::span<const AddedField> add;  // fields a policy sets; marked request id fields are dropped when this names one
  bool replace_request_id = false;  // drop fields marked mark_request_id
};

// Bytes that render_* can write at most.
std::size_t request_bound(const RequestHead& head, const RequestForwarding& f) noexcept;
// Writes the head for the app at `out` (room for request_bound()); returns the end. Always HTTP/1.1, keep-alive.
char* render_request(const RequestHead& head, const RequestForwarding& f, char* out) noexcept;

struct ResponseForwarding {
  OutFraming framing;
  Version client_version = Version::http11;
  bool close = false;  // Connection: close
  std::uint32_t keep_alive_seconds =
      0;                 // Keep-Alive: timeout=N (and Connection: keep-alive towards 1.0) when not closing
  bool upgrade = false;  // a 101 to websocket passes its Upgrade and Connection
  bool strip = true;     // drop fields marked mark_strip
  FieldSet drop;
  std::span<const AddedField> add;
  bool replace_request_id = false;
  std::string_view date;    // IMF-fixdate, used when the response has no Date
  std::string_view reason;  // replaces the reason phrase when `replace_reason`
  bool replace_reason = false;
};
std::size_t response_bound(const ResponseHead& head, const ResponseForwarding& f) noexcept;
char* render_response(
    const ResponseHead& head, const ResponseForwarding& f,
    char* out) noexcept;  // also for interim responses (status 1xx: no Date, no framing, no Keep-Alive)

// The reason phrase we use for a status of our own; "" when unknown.
std::string_view reason_phrase(std::uint16_t status) noexcept;

// Trailer lines without fields that must not be trailers (RFC 9110 6.5.1), and without those marked mark_request_id,
// mark_dropped or, with `strip`, mark_strip. Used for both directions. `lines` as ContentDecoder::trailers() gives
// them.
class FieldNames;
std::size_t copy_trailers(std::string_view lines, const FieldNames& names, bool strip,
                          char* out) noexcept;  // room for lines.size()

// True when the trimmed, case-insensitive list `value` contains `token` (lower case).
bool lists_token(std::string_view value, std::string_view token) noexcept;

// The n-th address from the right of all X-Forwarded-For values (1 = rightmost), or empty when there are fewer; `n`
// ≥ 1. Used for the client address behind trusted proxies.
std::string_view forwarded_for(const RequestHead& head, std::size_t n) noexcept;

}  // namespace holdfast::http
