// A message head as received: the bytes, untouched, and offsets into them.
//
// The head owns the block its bytes are in, so that it outlives later reads. Framing and authority are members;
// Content-Length and Transfer-Encoding are never forwarded as fields.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/blocks.h"
#include "http/list_in_room.h"

namespace holdfast::http {

// Field names the proxy acts on. Set while parsing; `other` is everything else.
enum class FieldId : std::uint8_t {
  other,
  accept_encoding,
  authorization,
  cache_control,
  close,
  connection,
  content_digest,
  content_disposition,
  content_encoding,
  content_language,
  content_length,
  content_location,
  content_md5,
  content_range,
  content_type,
  cookie,
  date,
  digest,
  etag,
  expect,
  forwarded,
  host,
  keep_alive,
  last_modified,
  max_forwards,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  repr_digest,
  retry_after,
  server,
  set_cookie,
  te,
  traceparent,
  tracestate,
  trailer,
  transfer_encoding,
  upgrade,
  user_agent,
  via,
  www_authenticate,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
  count_
};
static_assert(static_cast<int>(FieldId::count_) <= 64);

// A set of field ids.
struct FieldSet {
  std::uint64_t bits = 0;
  constexpr void add(FieldId id) noexcept { bits |= std::uint64_t{1} << static_cast<unsigned>(id); }
  constexpr bool has(FieldId id) const noexcept { return (bits >> static_cast<unsigned>(id) & 1U) != 0; }
};

// Marks that a configuration snapshot puts on names of its own choice (see FieldNames). The last one is on names
// without an id that must not be trailers.
enum FieldMark : std::uint8_t {
  mark_request_id = 1,
  mark_redact = 2,
  mark_strip = 4,
  mark_dropped = 8,
  mark_no_trailer = 16
};

struct Field {  // offsets from Head::base()
  std::uint32_t name = 0;
  std::uint32_t value = 0;
  std::uint32_t value_size = 0;
  std::uint16_t name_size = 0;
  FieldId id = FieldId::other;
  std::uint8_t marks = 0;  // FieldMark bits
};
static_assert(sizeof(Field) == 16);

enum class Framing : std::uint8_t { none, length, chunked, until_close };
enum class Version : std::uint8_t { http10, http11 };

struct Text {  // a byte range from Head::base()
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
};

class Head {
 public:
  const char* base() const noexcept { return base_; }
  std::string_view text(Text t) const noexcept { return {base_ + t.begin, t.size}; }
  std::string_view name(const Field& f) const noexcept { return {base_ + f.name, f.name_size}; }
  std::string_view value(const Field& f) const noexcept { return {base_ + f.value, f.value_size}; }

  // The first field of that id, or null. `present` answers most questions without a search.
  const Field* find(FieldId id) const noexcept {
    if (!present.has(id)) return nullptr;
    for (const Field& f : fields) {
      if (f.id == id) return &f;
    }
    return nullptr;
  }
  const Field* find_mark(FieldMark mark) const noexcept {
    if ((marks & mark) == 0) return nullptr;
    for (const Field& f : fields) {
      if ((f.marks & mark) != 0) return &f;
    }
    return nullptr;
  }

  // The bytes the offsets count from: while parsing, wherever the reader keeps them; afterwards inside `block`.
  void set_base(const char* base) noexcept { base_ = base; }

  ListInRoom<Field> fields;
  FieldSet present;
  std::uint8_t marks = 0;  // union of the fields' marks
  bool nominates = false;  // Connection names fields (at most 32) besides those that are never forwarded as they came
  Version version = Version::http11;
  Framing framing = Framing::none;
  bool keep_alive = true;  // what the message says of its connection
  std::uint64_t content_length =
      0;  // with Framing::length (and, on a response to HEAD or a 304, the announced length when has_length)
  std::uint32_t size = 0;  // bytes of the head, the empty line included
  BlockRef block;          // keeps the bytes; empty while the reader still owns them

 protected:
  void clear_head() noexcept {
    fields.clear();
    present = {};
    marks = 0;
    nominates = false;
    version = Version::http11;
    framing = Framing::none;
    keep_alive = true;
    content_length = 0;
    size = 0;
    base_ = nullptr;
    block.reset();
  }

 private:
  const char* base_ = nullptr;
};

enum class Method : std::uint8_t { get, head, post, put, delete_, patch, options, connect, trace, other };

// RFC 9110 9.2.2, of the methods we know.
constexpr bool idempotent(Method m) noexcept {
  switch (m) {
    case Method::get:
    case Method::head:
    case Method::put:
    case Method::delete_:
    case Method::options:
    case Method::trace: return true;
    case Method::post:
    case Method::patch:
    case Method::connect:
    case Method::other: return false;
  }
  return false;
}

struct RequestHead : Head {
  Method method = Method::other;
  Text method_text;
  Text target;          // as received
  Text path_and_query;  // what is forwarded: origin-form, or "*"; size 0 when absolute-form had no path ("/" is sent)
  Text authority;       // from absolute-form, else from Host; size 0 when there is none
  bool absolute_form = false;
  bool asterisk_form = false;
  bool expect_continue = false;    // Expect: 100-continue on a 1.1 request with content
  bool upgrade_websocket = false;  // a GET with no content that lists `upgrade` in Connection and names websocket
  bool te_trailers = false;

  std::string_view path() const noexcept;   // without the query
  std::string_view query() const noexcept;  // behind the '?', empty when none
  void clear() noexcept {
    clear_head();
    method = Method::other;
    method_text = target = path_and_query = authority = {};
    absolute_form = asterisk_form = expect_continue = upgrade_websocket = te_trailers = false;
  }
};

struct ResponseHead : Head {
  std::uint16_t status = 0;
  Text reason;
  bool has_length = false;               // a Content-Length was given (it stays meaningful for HEAD and 304)
  bool upgrade_websocket = false;        // a 101 whose Upgrade names websocket
  std::uint32_t keep_alive_timeout = 0;  // seconds of `Keep-Alive: timeout=N`; 0 when absent
  void clear() noexcept {
    clear_head();
    status = 0;
    reason = {};
    has_length = upgrade_websocket = false;
    keep_alive_timeout = 0;
  }
};

}  // namespace holdfast::http
