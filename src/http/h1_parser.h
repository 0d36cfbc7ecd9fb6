// h1_parser: RFC 9112 message heads from bytes, incrementally and without copying.
//
// Accepts exactly the grammar. Where the RFC lets a recipient be lenient (bare LF, obs-fold) this parser refuses,
// because the app behind us may read such a message differently (RFC 9112 11.2). It knows no sockets: the caller owns
// the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/failure.h"
#include "http/field_names.h"
#include "http/head.h"
#include "http/head_rules.h"

namespace holdfast::http {

// Hard limits while parsing; crossing one is an error. Reporting limits are the caller's (it sees the finished head).
struct HeadLimits {
  std::uint32_t head_bytes = 32U << 10U;  // everything up to and including the empty line
  std::uint32_t fields = 100;
  std::uint32_t target_bytes = 8U << 10U;
};

enum class Progress : std::uint8_t { need_more, done, failed };

// The field lines of one head, as they arrive; the part that requests and responses share.
class FieldSection {
 public:
  void start(const HeadLimits& limits, const FieldNames& names) noexcept { *this = FieldSection(&limits, &names); }
  FieldSection() = default;

  void begin_at(std::uint32_t at) noexcept { at_ = at; }
  // Reads every complete line of [data, data+end). `done`: at() is behind the empty line. `failed`: rule(), at() and
  // the limits say why.
  Progress read(const char* data, std::uint32_t end, Head& head);

  const HeadLimits& limits() const noexcept { return *limits_; }
  const HeadRules& rules() const noexcept { return rules_; }
  std::uint32_t at() const noexcept { return at_; }
  const char* rule() const noexcept { return rule_; }   // null when a limit was crossed
  bool too_many() const noexcept { return too_many_; }  // the limit was the number of fields

 private:
  FieldSection(const HeadLimits* limits, const FieldNames* names) noexcept : limits_(limits), names_(names) {}
  bool waits_for_line_end(const char* data, std::uint32_t end) noexcept;
  Progress broken(const char* rule, std::uint32_t at) noexcept;
  Progress read_common_lines(const char* data, std::uint32_t end, Head& head);
  std::uint64_t classify(const char* data, std::span<Field> fields, Head& head) const noexcept;
  bool look_at(const char* data, std::uint64_t looked, std::size_t from, const Head& head) noexcept;
  bool take(const char* data, const Field& f, Head& head);
  Progress read_other_line(const char* data, std::uint32_t end, Field& field, std::uint32_t& next) noexcept;

  const HeadLimits* limits_ = nullptr;
  const FieldNames* names_ = nullptr;
  const char* rule_ = nullptr;
  std::uint32_t at_ = 0;       // start of the first line not read yet; behind a failure, its offset
  std::uint32_t scanned_ = 0;  // no line end before this in the line at `at_`
  bool too_many_ = false;
  bool full_ = false;  // the last batch of common lines ended because it was full
  HeadRules rules_;
};

// One parser per connection side, used again for each message. Call parse() with *all* bytes of the head received so
// far; `data` may be at another address each time, the bytes already seen must be the same. Never looks at a byte twice
// except the last incomplete line. After `done`, `head.size` bytes belong to the head and head.base() == data; move the
// block in with head.block = …; head.set_base(…). After `failed`, error() has the reason (bad_request, uri_too_long,
// headers_too_large, method_refused, unsupported_version; for responses upstream_bad_response,
// upstream_headers_too_large), with `detail` the broken rule and `value` the byte offset.
class RequestParser {
 public:
  void start(const HeadLimits& limits, const FieldNames& names) noexcept;
  Progress parse(const char* data, std::size_t size, RequestHead& head);
  const Error& error() const noexcept { return error_; }
  bool begun() const noexcept { return begun_; }  // at least one byte other than a leading CRLF has been seen

 private:
  Progress read_request_line(const char* data, std::uint32_t end, RequestHead& head);
  Progress read_method(const char* data, std::uint32_t end, RequestHead& head);
  Progress read_request_target(const char* data, std::uint32_t end, RequestHead& head);
  Progress read_version(const char* data, std::uint32_t end, RequestHead& head);
  Progress finish(RequestHead& head);
  Progress more(std::uint32_t end) noexcept;
  Progress refuse(Reason reason, const char* rule, std::uint64_t at) noexcept;
  Progress too_large(Reason reason, std::uint64_t seen, std::uint64_t limit, const char* rule = nullptr) noexcept;

  FieldSection section_;
  bool start_line_done_ = false;
  bool begun_ = false;
  Error error_;
};

// What a response's framing depends on besides its own bytes (RFC 9112 6.3).
struct ResponseContext {
  bool head_request = false;
  bool upgrade_asked = false;  // a 101 is acceptable
};

class ResponseParser {
 public:
  void start(const HeadLimits& limits, const FieldNames& names, ResponseContext context) noexcept;
  Progress parse(const char* data, std::size_t size, ResponseHead& head);
  const Error& error() const noexcept { return error_; }

 private:
  Progress read_status_line(const char* data, std::uint32_t end, ResponseHead& head);
  Progress finish(ResponseHead& head);
  Progress more(std::uint32_t end) noexcept;
  Progress refuse(const char* rule, std::uint64_t at) noexcept;

  FieldSection section_;
  ResponseContext context_;
  bool start_line_done_ = false;
  Error error_;
};

}  // namespace holdfast::http
