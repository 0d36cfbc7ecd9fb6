// request_parser: the request line, and what a request's fields must add up to. Declared in h1_parser.h.
//
// The request line is short (its target has a limit) and is read again from its start while it is incomplete.
#include <algorithm>
#include <cstring>

#include "http/field_line.h"
#include "http/h1_parser.h"
#include "http/request_target.h"

namespace holdfast::http {
namespace {

constexpr std::uint32_t most_method_bytes = 32;
constexpr std::uint32_t version_bytes = 8;  // HTTP/1.1

Method method_of(std::string_view name) noexcept {
  struct Known {
    std::string_view name;
    Method method;
  };
  static constexpr Known known[] = {{"POST", Method::post},   {"HEAD", Method::head},      {"PUT", Method::put},
                                    {"PATCH", Method::patch}, {"DELETE", Method::delete_}, {"OPTIONS", Method::options},
                                    {"TRACE", Method::trace}, {"CONNECT", Method::connect}};
  for (const Known& k : known) {
    if (k.name == name) return k.method;
  }
  return Method::other;
}

// The first byte in [at, end) that a target must not have, or `end`.
std::uint32_t target_end(const char* data, std::uint32_t at, std::uint32_t end) noexcept {
  while (at < end) {
    const std::uint32_t stops = bits_up_to(data, data + at, data + end, [](Bytes16 b) { return outside_target(b); });
    if (stops != 0) return at + static_cast<std::uint32_t>(std::countr_zero(stops));
    at += 16;
  }
  return end;
}

// What is wrong with a byte of the request line that is neither the expected one nor a space.
const char* rule_for(char c, const char* otherwise) noexcept {
  if (c == '\n') return "bare LF";
  if (c == '\r') return "request line without a version";
  return otherwise;
}

}  // namespace

void RequestParser::start(const HeadLimits& limits, const FieldNames& names) noexcept {
  section_.start(limits, names);
  start_line_done_ = begun_ = false;
  error_ = {};
}

Progress RequestParser::refuse(Reason reason, const char* rule, std::uint64_t at) noexcept {
  error_ = {reason, nullptr, rule, at, 0};
  return Progress::failed;
}

Progress RequestParser::too_large(Reason reason, std::uint64_t seen, std::uint64_t limit, const char* rule) noexcept {
  error_ = {reason, nullptr, rule, seen, limit};
  return Progress::failed;
}

Progress RequestParser::more(std::uint32_t end) noexcept {
  if (end < section_.limits().head_bytes) return Progress::need_more;
  return too_large(Reason::headers_too_large, end, section_.limits().head_bytes);
}

Progress RequestParser::parse(const char* data, std::size_t size, RequestHead& head) {
  const auto end = static_cast<std::uint32_t>(std::min<std::size_t>(size, section_.limits().head_bytes));
  if (!start_line_done_) {
    head.clear();
    head.set_base(data);
    const Progress line = read_request_line(data, end, head);
    if (line != Progress::done) return line;
    start_line_done_ = true;
  }
  head.set_base(data);
  const Progress fields = section_.read(data, end, head);
  if (fields == Progress::done) return finish(head);
  if (fields == Progress::need_more) return Progress::need_more;
  if (section_.rule() != nullptr) return refuse(Reason::bad_request, section_.rule(), section_.at());
  if (!section_.too_many()) return more(end);
  return too_large(Reason::headers_too_large, head.fields.size() + 1, section_.limits().fields, "too many fields");
}

Progress RequestParser::read_request_line(const char* data, std::uint32_t end, RequestHead& head) {
  std::uint32_t begin = 0;
  if (end > 0 && data[0] == '\r') {  // RFC 9112 2.2: one empty line before a request line
    const char* rule = nullptr;
    if (!at_line_end(data, 0, end, rule)) return rule == nullptr ? more(end) : refuse(Reason::bad_request, rule, 0);
    begin = 2;
  }
  begun_ = end > begin;
  head.method_text.begin = begin;
  if (const Progress p = read_method(data, end, head); p != Progress::done) return p;
  if (const Progress p = read_request_target(data, end, head); p != Progress::done) return p;
  if (const Progress p = read_version(data, end, head); p != Progress::done) return p;
  const char* rule = read_target(head);
  if (rule != nullptr) return refuse(Reason::bad_request, rule, head.target.begin);
  section_.begin_at(head.target.begin + head.target.size + 1 + version_bytes + 2);
  return Progress::done;
}

Progress RequestParser::read_method(const char* data, std::uint32_t end, RequestHead& head) {
  const std::uint32_t begin = head.method_text.begin;
  if (end - begin > 4 && std::memcmp(data + begin, "GET ", 4) == 0) {
    head.method = Method::get;
    head.method_text.size = 3;
    head.target.begin = begin + 4;
    return Progress::done;
  }
  std::uint32_t at = begin;
  const std::uint32_t stop = std::min(end, begin + most_method_bytes + 1);
  while (at < stop && is_token_character(data[at])) ++at;
  if (at - begin > most_method_bytes) return refuse(Reason::method_refused, "method too long", begin);  // RFC 9112 3
  if (at == end) return more(end);
  if (data[at] == '\r' && at + 1 == end) return more(end);
  if (data[at] != ' ' || at == begin)
    return refuse(Reason::bad_request, rule_for(data[at], "character in the method"), at);
  head.method_text.size = at - begin;
  head.method = method_of(head.text(head.method_text));
  head.target.begin = at + 1;
  return Progress::done;
}

Progress RequestParser::read_request_target(const char* data, std::uint32_t end, RequestHead& head) {
  const std::uint32_t begin = head.target.begin;
  const std::uint32_t most = section_.limits().target_bytes;
  const std::uint32_t at = target_end(data, begin, std::min(end, begin + most + 1));
  if (at - begin > most) return too_large(Reason::uri_too_long, at - begin, most);
  if (at == end) return more(end);
  if (data[at] != ' ') return refuse(Reason::bad_request, rule_for(data[at], "character in the request target"), at);
  if (at == begin) return refuse(Reason::bad_request, "empty request target", at);
  head.target.size = at - begin;
  return Progress::done;
}

Progress RequestParser::read_version(const char* data, std::uint32_t end, RequestHead& head) {
  static constexpr std::string_view shape = "HTTP/d.d";
  const std::uint32_t begin = head.target.begin + head.target.size + 1;
  if (end - begin >= 10 && std::memcmp(data + begin, "HTTP/1.1\r\n", 10) == 0)
    return Progress::done;  // head.version is http11 after clear()
  for (std::uint32_t i = 0; i < version_bytes; ++i) {
    if (begin + i == end) return more(end);
    const char c = data[begin + i];
    if (shape[i] == 'd' ? c < '0' || c > '9' : c != shape[i]) {
      return refuse(Reason::bad_request, rule_for(c, "HTTP version"), begin + i);
    }
  }
  const std::uint32_t line_end = begin + version_bytes;
  if (line_end == end) return more(end);
  const char* rule = nullptr;
  if (!at_line_end(data, line_end, end, rule)) {
    if (rule == nullptr) return more(end);
    const bool other = data[line_end] != '\r' && data[line_end] != '\n';
    return refuse(Reason::bad_request, other ? "HTTP version" : rule, line_end);
  }
  const char major = data[begin + 5];
  const char minor = data[begin + 7];
  if (major != '1' || minor > '1') return refuse(Reason::unsupported_version, nullptr, begin);
  head.version = minor == '0' ? Version::http10 : Version::http11;
  return Progress::done;
}

Progress RequestParser::finish(RequestHead& head) {
  const HeadRules& rules = section_.rules();
  head.size = section_.at();
  const char* rule = rules.framing(head.version, head.framing, head.content_length);
  if (rule != nullptr) return refuse(Reason::bad_request, rule, head.size);
  const Field* host = head.find(FieldId::host);
  if (host == nullptr && head.version == Version::http11) return refuse(Reason::bad_request, "no host", head.size);
  if (host != nullptr && !is_authority(head.value(*host)))
    return refuse(Reason::bad_request, "host is no authority", host->value);
  if (host != nullptr && head.authority.size == 0) head.authority = {host->value, host->value_size};
  if (head.method == Method::connect || head.method == Method::trace) return refuse(Reason::method_refused, nullptr, 0);

  const bool http11 = head.version == Version::http11;
  const bool has_content = head.framing == Framing::chunked || head.content_length != 0;
  head.keep_alive = rules.keep_alive(head.version);
  head.nominates = rules.nominates();
  head.te_trailers = rules.te_trailers();
  head.expect_continue = http11 && has_content && rules.expects_continue();
  head.upgrade_websocket =
      http11 && head.method == Method::get && !has_content && rules.upgrade_listed() && rules.names_websocket();
  return Progress::done;
}

}  // namespace holdfast::http
