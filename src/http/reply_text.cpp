#include "http/reply_text.h"

#include "core/bytes.h"
#include "core/units.h"

namespace holdfast::http {
namespace {

constexpr std::size_t sentence_bound = 512;  // row text, rule, offset and limit: all of them ours and short

// RFC 8259 7. Bytes of ASCII and well-formed UTF-8 stay; the texts that come here are literals and configuration.
char* write_escaped(char* out, std::string_view text) noexcept {
  for (const char c : text) {
    if (c == '"' || c == '\\') *out++ = '\\';
    if (static_cast<unsigned char>(c) >= 0x20) {
      *out++ = c;
      continue;
    }
    out = write_text(out, "\\u00");
    *out++ = hex_digits[static_cast<unsigned char>(c) >> 4U];
    *out++ = hex_digits[static_cast<unsigned char>(c) & 15U];
  }
  return out;
}

// The limit in the unit of its row; what has no unit is a count.
char* write_limit(const Error& error, char* out) noexcept {
  switch (error.reason) {
    case Reason::body_too_large:
    case Reason::uri_too_long:
    case Reason::headers_too_large:
      if (error.detail == nullptr) return write_text(out, to_text(ByteCount{error.limit}));
      return write_decimal(out, error.limit);
    case Reason::downstream_headers_slow:
    case Reason::downstream_body_slow:
    case Reason::downstream_read_slow:
      return write_text(out, to_text(Duration(std::chrono::milliseconds(error.limit))));
    case Reason::rate_limited: return write_text(out, to_text(Rate{error.limit}));
    case Reason::ok:
    case Reason::bad_request:
    case Reason::method_refused:
    case Reason::unsupported_version:
    case Reason::downstream_gone:
    case Reason::queue_full:
    case Reason::queue_timeout:
    case Reason::too_many_connections:
    case Reason::draining:
    case Reason::memory_pressure:
    case Reason::upstream_not_ready:
    case Reason::upstream_refused:
    case Reason::upstream_connect_slow:
    case Reason::upstream_first_byte_slow:
    case Reason::upstream_request_slow:
    case Reason::upstream_stream_idle:
    case Reason::upstream_reset:
    case Reason::upstream_truncated:
    case Reason::upstream_bad_response:
    case Reason::upstream_headers_too_large:
    case Reason::upstream_5xx:
    case Reason::internal: break;
  }
  return write_decimal(out, error.limit);
}

// One sentence for the client. Rows without a text of their own are nobody's business but ours: they get the configured
// message.
char* write_sentence(const Error& error, const LocalReply& reply, char* out) noexcept {
  const Failure& row = failure(error.reason);
  if (row.text.empty() || row.blame != Blame::client) return write_escaped(out, reply.message);
  out = write_text(out, row.text);
  if (error.detail != nullptr) {
    out = write_text(out, ": ");
    out = write_escaped(out, error.detail);
  }
  if (error.reason == Reason::bad_request && error.value != 0) {
    out = write_text(out, " at byte ");
    out = write_decimal(out, error.value);
  }
  if (error.limit == 0) return out;
  out = write_text(out, error.detail == nullptr ? ": limit " : ", limit ");
  return write_limit(error, out);
}

char* write_problem(const Error& error, const LocalReply& reply, char* out) noexcept {
  out = write_text(out, R"({"type":"about:blank","title":")");
  out = write_text(out, reason_phrase(reply.status));
  out = write_text(out, R"(","status":)");
  out = write_decimal(out, reply.status);
  out = write_text(out, R"(,"detail":")");
  out = write_sentence(error, reply, out);
  out = write_text(out, R"(","instance":"urn:request:)");
  out = write_escaped(out, reply.request_id);
  return write_text(out, "\"}");
}

}  // namespace

std::size_t reply_text_bound(const LocalReply& reply) noexcept {
  return sentence_bound + 6 * (reply.message.size() + reply.request_id.size());  // \u00xx is six
}

char* write_reply_text(const Error& error, const LocalReply& reply, char* out) noexcept {
  if (reply.format == ReplyFormat::problem) return write_problem(error, reply, out);
  out = write_text(out, R"({"error":")");
  out = write_sentence(error, reply, out);
  out = write_text(out, R"(","request_id":")");
  out = write_escaped(out, reply.request_id);
  return write_text(out, "\"}");
}

}  // namespace holdfast::http
