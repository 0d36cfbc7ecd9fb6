#include "http_stream.h"

#include "http/content_decoder.h"

namespace holdfast::testing {
namespace {

using http::ContentDecoder;
using http::Progress;

// Costs more to build than most messages to read.
const http::FieldNames& fixed_names() {
  static const http::FieldNames names;
  return names;
}

std::string reason_of(const Error& error) {
  return error.detail != nullptr ? error.detail : std::string(failure(error.reason).word);
}

void take_fields(const http::Head& head, SeenMessage& m) {
  m.fields.reserve(head.fields.size());
  for (const http::Field& f : head.fields) m.fields.push_back({std::string(head.name(f)), std::string(head.value(f))});
  m.framing = head.framing;
  m.keep_alive = head.keep_alive;
}

// Reads the content that starts at `at`; moves `at` behind it. False when that ends the stream.
bool take_content(std::string& bytes, std::size_t& at, const http::Head& head, bool eof, ContentDecoder::Side side,
                  SeenStream& s) {
  SeenMessage& m = s.messages.back();
  ContentDecoder decoder;
  decoder.start(head.framing, head.content_length, side);
  while (!decoder.done() && at < bytes.size()) {
    const ContentDecoder::Step step = decoder.decode(bytes.data() + at, bytes.size() - at);
    m.content += step.content;
    at += step.consumed;
    if (!step.failed) continue;
    s.end = StreamEnd::refused;
    s.reason = reason_of(decoder.error());
    return false;
  }
  m.complete = decoder.done() || (eof && decoder.complete_at_eof());
  m.trailers = fields_of(decoder.trailers());
  if (decoder.done()) return true;
  s.end = m.complete ? StreamEnd::closed : StreamEnd::incomplete;
  return false;
}

std::string path_of(const http::RequestHead& head) {
  if (head.asterisk_form) return "*";
  const std::string path(head.text(head.path_and_query));
  return path.empty() || path.front() == '?' ? "/" + path : path;
}

// The part that requests and responses share. `Take` fills the message from the head.
template <class Parser, class SomeHead, class Start, class Take>
SeenStream read_stream(std::string_view input, bool eof, ContentDecoder::Side side, Start start, Take take) {
  SeenStream s;
  std::string bytes(input);  // the decoder moves bytes within its input
  Parser parser;
  SomeHead head;
  std::size_t at = 0;
  while (at < bytes.size()) {
    start(parser);
    const Progress progress = parser.parse(bytes.data() + at, bytes.size() - at, head);
    if (progress == Progress::failed) {
      s.end = StreamEnd::refused;
      s.reason = reason_of(parser.error());
    }
    if (progress == Progress::need_more) {
      const std::string_view rest = std::string_view(bytes).substr(at);
      s.end = side == ContentDecoder::Side::request && std::string_view("\r\n").starts_with(rest)
                  ? StreamEnd::clean
                  : StreamEnd::incomplete;
    }
    if (progress != Progress::done) return s;
    SeenMessage& m = s.messages.emplace_back();
    m.begin = at;
    take_fields(head, m);
    const bool goes_on = take(head, m, s);
    at += head.size;
    if (!take_content(bytes, at, head, eof, side, s)) return s;
    if (goes_on) continue;
    if (s.end == StreamEnd::clean) s.end = StreamEnd::closed;
    return s;
  }
  return s;
}

}  // namespace

SeenStream read_requests(std::string_view bytes, const http::HeadLimits& limits) {
  const auto start = [&](http::RequestParser& parser) { parser.start(limits, fixed_names()); };
  const auto take = [](const http::RequestHead& head, SeenMessage& m, SeenStream&) {
    m.begin += head.method_text.begin;
    m.method = head.text(head.method_text);
    m.target = head.text(head.target);
    m.path = path_of(head);
    m.upgrade = head.upgrade_websocket;
    return head.keep_alive;
  };
  return read_stream<http::RequestParser, http::RequestHead>(bytes, false, ContentDecoder::Side::request, start, take);
}

SeenStream read_responses(std::string_view bytes, http::ResponseContext context, bool eof) {
  const http::HeadLimits limits;
  const auto start = [&](http::ResponseParser& parser) { parser.start(limits, fixed_names(), context); };
  const auto take = [](const http::ResponseHead& head, SeenMessage& m, SeenStream& s) {
    m.status = head.status;
    m.upgrade = head.upgrade_websocket;
    if (head.status == 101) s.end = StreamEnd::tunnel;
    if (head.status < 200 && head.status != 101) return true;  // RFC 9112 9.6: close is said of the final response
    return head.keep_alive && head.status != 101;
  };
  return read_stream<http::ResponseParser, http::ResponseHead>(bytes, eof, ContentDecoder::Side::response, start, take);
}

std::vector<SeenField> fields_of(std::string_view lines) {
  std::vector<SeenField> fields;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find("\r\n"));
    lines.remove_prefix(line.size() + 2);
    const std::size_t colon = line.find(':');
    std::string_view value = line.substr(colon + 1);
    const std::size_t first = value.find_first_not_of(" \t");
    value = first == std::string_view::npos ? std::string_view() : value.substr(first);
    value = value.substr(0, value.find_last_not_of(" \t") + 1);
    fields.push_back({std::string(line.substr(0, colon)), std::string(value)});
  }
  return fields;
}

}  // namespace holdfast::testing
