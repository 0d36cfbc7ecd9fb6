// local_reply: the only place where an Error becomes an HTTP response (RFC 9110 15, RFC 9209, RFC 9457).
//
// Of an Error it shows the row's text, `detail` with the byte offset in `value`, and `limit`, whose unit follows from
// the row: bytes for content, target and head, a count of fields with a `detail`, milliseconds for the slow rows,
// requests per 1000 s for a rate.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/failure.h"
#include "http/forwarding.h"

namespace holdfast::http {

enum class ReplyFormat : std::uint8_t { simple, problem };  // application/json, or application/problem+json (RFC 9457)

struct LocalReply {
  std::uint16_t status = failure(Reason::internal)
                             .status;  // the row's, or the one configured (expiredStatus); for a replaced 5xx the app's
  std::string_view message;            // what a 5xx says (errors.message)
  ReplyFormat format = ReplyFormat::simple;
  bool proxy_status = false;    // add Proxy-Status (RFC 9209)
  std::string_view request_id;  // value; always well-formed
  std::string_view request_id_header;
  std::string_view date;  // IMF-fixdate
  Version client_version = Version::http11;
  bool close = true;
  std::uint32_t keep_alive_seconds = 0;
  bool head_request = false;              // no content is written, its length is announced
  std::uint32_t retry_after_seconds = 0;  // 0: no Retry-After
  bool bare = false;                      // second failure while replying: status line, length and close only
  const ResponseHead* replaced =
      nullptr;  // the app's 5xx whose surviving fields are copied (Retry-After, WWW-Authenticate, Set-Cookie, …)
  bool strip = true;
};

// Room that render_local_reply needs.
std::size_t local_reply_bound(const Error& error, const LocalReply& reply) noexcept;
// Head and content; returns the end. A 4xx explains itself: the row's text, the broken rule or the limit that applied.
// A 5xx says only the message. Never bytes of a peer (the request id excepted).
char* render_local_reply(const Error& error, const LocalReply& reply, char* out) noexcept;

}  // namespace holdfast::http
