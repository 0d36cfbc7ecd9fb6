// response_parser: the status line, and how a response is framed (RFC 9112 4 and 6.3). Declared in h1_parser.h.
#include <algorithm>
#include <cstring>

#include "core/bytes.h"
#include "http/field_line.h"
#include "http/h1_parser.h"

namespace holdfast::http {
namespace {

constexpr std::uint32_t code_at = 9;     // behind "HTTP/1.1 "
constexpr std::uint32_t reason_at = 12;  // the SP behind the code

// RFC 9112 6.3 (1)
bool never_has_content(std::uint16_t status) noexcept { return status < 200 || status == 204 || status == 304; }

// The first control other than HTAB in [at, end), or `end`.
std::uint32_t reason_end(const char* data, std::uint32_t at, std::uint32_t end) noexcept {
  while (at < end && (static_cast<unsigned char>(data[at]) >= 0x20 || data[at] == '\t') && data[at] != '\x7f') ++at;
  return at;
}

}  // namespace

void ResponseParser::start(const HeadLimits& limits, const FieldNames& names, ResponseContext context) noexcept {
  section_.start(limits, names);
  context_ = context;
  start_line_done_ = false;
  error_ = {};
}

Progress ResponseParser::refuse(const char* rule, std::uint64_t at) noexcept {
  error_ = {Reason::upstream_bad_response, nullptr, rule, at, 0};
  return Progress::failed;
}

Progress ResponseParser::more(std::uint32_t end) noexcept {
  if (end < section_.limits().head_bytes) return Progress::need_more;
  error_ = {Reason::upstream_headers_too_large, nullptr, nullptr, end, section_.limits().head_bytes};
  return Progress::failed;
}

Progress ResponseParser::parse(const char* data, std::size_t size, ResponseHead& head) {
  const auto end = static_cast<std::uint32_t>(std::min<std::size_t>(size, section_.limits().head_bytes));
  if (!start_line_done_) {
    head.clear();
    head.set_base(data);
    const Progress line = read_status_line(data, end, head);
    if (line != Progress::done) return line;
    start_line_done_ = true;
  }
  head.set_base(data);
  const Progress fields = section_.read(data, end, head);
  if (fields == Progress::done) return finish(head);
  if (fields == Progress::need_more) return Progress::need_more;
  if (section_.rule() != nullptr) return refuse(section_.rule(), section_.at());
  if (!section_.too_many()) return more(end);
  const std::uint64_t most = section_.limits().fields;
  error_ = {Reason::upstream_headers_too_large, nullptr, "too many fields", head.fields.size() + 1, most};
  return Progress::failed;
}

Progress ResponseParser::read_status_line(const char* data, std::uint32_t end, ResponseHead& head) {
  static constexpr std::string_view usual = "HTTP/1.1 200 OK\r\n";
  if (end >= usual.size() && std::memcmp(data, usual.data(), usual.size()) == 0) {
    head.status = 200;
    head.reason = {reason_at + 1, 2};
    section_.begin_at(usual.size());
    return Progress::done;  // head.version is http11 after clear()
  }
  static constexpr std::string_view shape = "HTTP/1.d ddd";
  const bool common = end >= reason_at && std::memcmp(data, "HTTP/1.1 ", code_at) == 0;
  for (std::uint32_t i = common ? code_at : 0; i < reason_at; ++i) {
    if (i == end) return more(end);
    if (shape[i] == 'd' ? !is_digit(data[i]) : data[i] != shape[i]) return refuse("status line", i);
  }
  if (data[7] > '1') return refuse("HTTP version", 7);
  head.version = data[7] == '0' ? Version::http10 : Version::http11;
  head.status = static_cast<std::uint16_t>((data[code_at] - '0') * 100 + (data[code_at + 1] - '0') * 10 +
                                           (data[code_at + 2] - '0'));
  if (head.status < 100 || head.status > 599) return refuse("status code", code_at);  // RFC 9110 15
  if (reason_at == end) return more(end);

  // A missing SP behind the code is an error of many programs and leaves no doubt; it is written on the way out.
  head.reason.begin = data[reason_at] == ' ' ? reason_at + 1 : reason_at;
  if (data[reason_at] != ' ' && data[reason_at] != '\r') return refuse("status line", reason_at);
  const std::uint32_t line_end = reason_end(data, head.reason.begin, end);
  if (line_end == end) return more(end);
  const char* rule = nullptr;
  if (!at_line_end(data, line_end, end, rule)) return rule == nullptr ? more(end) : refuse(rule, line_end);
  head.reason.size = line_end - head.reason.begin;
  section_.begin_at(line_end + 2);
  return Progress::done;
}

Progress ResponseParser::finish(ResponseHead& head) {
  const HeadRules& rules = section_.rules();
  head.size = section_.at();
  const char* rule = rules.framing(head.version, head.framing, head.content_length);
  if (rule != nullptr) return refuse(rule, head.size);
  const bool stray_content = rules.has_coding() || head.content_length != 0;
  if (head.status < 200 && (rules.has_coding() || rules.has_length()))
    return refuse("framing in an interim response", head.size);

  head.nominates = rules.nominates();
  head.has_length = rules.has_length();
  head.keep_alive = rules.keep_alive(head.version);
  head.keep_alive_timeout = rules.keep_alive_timeout();
  if (never_has_content(head.status) || context_.head_request) {
    head.framing = Framing::none;
    // A 204 that announces content may well send it (RFC 9110 8.6 forbids both): nothing may follow on this connection.
    if (head.status == 204 && stray_content) head.keep_alive = false;
  } else if (head.framing == Framing::none) {
    head.framing = Framing::until_close;
    head.keep_alive = false;
  }
  if (head.status != 101) return Progress::done;
  head.upgrade_websocket = context_.upgrade_asked && rules.names_websocket();
  return head.upgrade_websocket ? Progress::done : refuse("upgrade that was not asked for", 0);
}

}  // namespace holdfast::http
