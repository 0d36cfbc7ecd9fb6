#include "http/local_reply.h"

#include <array>
#include <cstring>

#include "core/bytes.h"
#include "http/field_filter.h"
#include "http/reply_text.h"

namespace holdfast::http {
namespace {

// What describes the content that is replaced, or would contradict our own fields. Everything else of the app's head
// stays.
constexpr FieldSet of_the_old_content =
    set_of({FieldId::cache_control, FieldId::content_digest, FieldId::content_disposition, FieldId::content_encoding,
            FieldId::content_language, FieldId::content_length, FieldId::content_location, FieldId::content_md5,
            FieldId::content_range, FieldId::content_type, FieldId::digest, FieldId::etag, FieldId::last_modified,
            FieldId::repr_digest, FieldId::trailer});

// The fields of our own, in the order they are written. Views into it live as long as it does.
class OwnFields {
 public:
  OwnFields(const Error& error, const LocalReply& reply) noexcept {
    add("Content-Type", reply.format == ReplyFormat::problem ? "application/problem+json" : "application/json");
    add("Cache-Control", "no-store");
    if (!reply.request_id_header.empty()) add(reply.request_id_header, reply.request_id);
    const bool has_retry_after = reply.replaced != nullptr && reply.replaced->present.has(FieldId::retry_after);
    if (reply.retry_after_seconds != 0 && !has_retry_after) {
      char* end = write_decimal(seconds_.data(), reply.retry_after_seconds);
      add("Retry-After", {seconds_.data(), static_cast<std::size_t>(end - seconds_.data())});
    }
    const std::string_view token = failure(error.reason).proxy_status;
    if (!reply.proxy_status || token.empty()) return;
    char* end = write_text(status_.data(), "holdfast; error=");
    end = write_text(end, token);
    add("Proxy-Status", {status_.data(), static_cast<std::size_t>(end - status_.data())});
  }
  OwnFields(const OwnFields&) = delete;
  OwnFields& operator=(const OwnFields&) = delete;

  std::span<const AddedField> all() const noexcept { return {fields_.data(), count_}; }

 private:
  void add(std::string_view name, std::string_view value) noexcept { fields_[count_++] = {name, value}; }

  std::array<AddedField, 5> fields_;
  std::size_t count_ = 0;
  std::array<char, 20> seconds_{};
  std::array<char, 64> status_{};  // the longest error type of RFC 9209 has 33 characters
};

ResponseForwarding forwarding_of(const LocalReply& reply, std::span<const AddedField> own,
                                 std::size_t content_size) noexcept {
  ResponseForwarding f;
  f.framing = {Framing::length, content_size, false};
  f.client_version = reply.client_version;
  f.close = reply.close || reply.status == 408;  // RFC 9110 15.5.9
  f.keep_alive_seconds = reply.keep_alive_seconds;
  f.strip = reply.strip;
  f.drop = of_the_old_content;
  f.add = own;
  f.replace_request_id = true;
  f.date = reply.date;
  f.reason = reason_phrase(reply.status);
  f.replace_reason = true;
  return f;
}

// A head with nothing received in it, so that both kinds of reply are rendered by the same code.
ResponseHead empty_head(std::uint16_t status) noexcept {
  ResponseHead head;
  head.status = status;
  head.size = 2;  // the empty line
  return head;
}

char* render_bare(const LocalReply& reply, char* out) noexcept {
  out = write_text(out, "HTTP/1.1 ");
  out = write_decimal(out, reply.status);
  *out++ = ' ';
  out = write_text(out, reason_phrase(reply.status));
  return write_text(out, "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

std::size_t head_bound(const Error& error, const LocalReply& reply) noexcept {
  const OwnFields own(error, reply);
  const ResponseForwarding f = forwarding_of(reply, own.all(), 0);
  const std::size_t received = reply.replaced == nullptr ? 2 : reply.replaced->size;
  return response_bound(empty_head(reply.status), f) + received;
}

}  // namespace

std::size_t local_reply_bound(const Error& error, const LocalReply& reply) noexcept {
  return head_bound(error, reply) + reply_text_bound(reply);
}

char* render_local_reply(const Error& error, const LocalReply& reply, char* out) noexcept {
  if (reply.bare) return render_bare(reply, out);
  // The content first, where no head can reach it: its length stands in the head. Then it is moved up.
  char* const content = out + head_bound(error, reply);
  const auto size = static_cast<std::size_t>(write_reply_text(error, reply, content) - content);
  const OwnFields own(error, reply);
  const ResponseForwarding f = forwarding_of(reply, own.all(), size);
  out = reply.replaced != nullptr ? render_response(*reply.replaced, f, out)
                                  : render_response(empty_head(reply.status), f, out);
  if (reply.head_request) return out;
  std::memmove(out, content, size);
  return out + size;
}

}  // namespace holdfast::http
