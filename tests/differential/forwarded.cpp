#include "differential/forwarded.h"

#include "core/bytes.h"
#include "http/content_decoder.h"
#include "http/forwarding.h"

namespace holdfast::differential {
namespace {

using http::ContentDecoder;
using http::Framing;
using http::Progress;

// Costs more to build than most messages to read.
const http::FieldNames& fixed_names() {
  static const http::FieldNames names;
  return names;
}

struct Content {
  std::string bytes;
  std::string trailers;
  bool complete = false;
};

Content take_content(std::string& bytes, std::size_t& at, const http::Head& head, ContentDecoder::Side side) {
  ContentDecoder decoder;
  decoder.start(head.framing, head.content_length, side);
  Content content;
  while (!decoder.done() && at < bytes.size()) {
    const ContentDecoder::Step step = decoder.decode(bytes.data() + at, bytes.size() - at);
    content.bytes += step.content;
    at += step.consumed;
    if (step.failed) return content;
  }
  content.complete = decoder.complete_at_eof();
  content.trailers = decoder.trailers();
  return content;
}

void send_content(Framing framing, const Content& content, const http::FieldNames& names, std::string& out) {
  if (framing != Framing::chunked) {
    out += content.bytes;
    return;
  }
  if (!content.bytes.empty()) {
    char size[20];
    out.append(size, write_hex(size, content.bytes.size())).append("\r\n").append(content.bytes).append("\r\n");
  }
  out += "0\r\n";
  std::string trailers(content.trailers.size(), '\0');
  trailers.resize(http::copy_trailers(content.trailers, names, false, trailers.data()));
  out.append(trailers).append("\r\n");
}

template <class Render>
void send_head(std::size_t bound, Render render, std::string& out) {
  const std::size_t begin = out.size();
  out.resize(begin + bound);
  const char* const end = render(out.data() + begin);
  out.resize(static_cast<std::size_t>(end - out.data()));
}

}  // namespace

Forwarded forward_requests(std::string_view input) {
  Forwarded sent;
  std::string bytes(input);
  const http::FieldNames& names = fixed_names();
  const http::HeadLimits limits;
  http::RequestHead head;
  for (std::size_t at = 0; at < bytes.size();) {
    http::RequestParser parser;
    parser.start(limits, names);
    if (parser.parse(bytes.data() + at, bytes.size() - at, head) != Progress::done) break;
    std::string rendered;
    http::RequestForwarding f;
    f.framing = {head.framing, head.content_length, false};
    f.peer = "192.0.2.7";
    f.upstream_authority = "127.0.0.1:3000";
    send_head(request_bound(head, f), [&](char* out) { return render_request(head, f, out); }, rendered);
    at += head.size;
    const Content content = take_content(bytes, at, head, ContentDecoder::Side::request);
    if (!content.complete) break;
    sent.bytes += rendered;
    send_content(head.framing, content, names, sent.bytes);
    sent.contents.push_back(content.bytes);
    if (!head.keep_alive) break;
  }
  return sent;
}

Forwarded forward_responses(std::string_view input, http::ResponseContext context) {
  Forwarded sent;
  std::string bytes(input);
  const http::FieldNames& names = fixed_names();
  const http::HeadLimits limits;
  http::ResponseHead head;
  for (std::size_t at = 0; at < bytes.size();) {
    http::ResponseParser parser;
    parser.start(limits, names, context);
    if (parser.parse(bytes.data() + at, bytes.size() - at, head) != Progress::done || head.status == 101) break;
    const Framing framing = head.framing == Framing::until_close ? Framing::chunked : head.framing;
    std::string rendered;
    http::ResponseForwarding f;
    f.framing = {framing, head.content_length, false};
    f.date = "Sun, 06 Nov 1994 08:49:37 GMT";
    send_head(response_bound(head, f), [&](char* out) { return render_response(head, f, out); }, rendered);
    at += head.size;
    const Content content = take_content(bytes, at, head, ContentDecoder::Side::response);
    if (!content.complete) break;
    sent.bytes += rendered;
    send_content(framing, content, names, sent.bytes);
    sent.contents.push_back(content.bytes);
    if (!head.keep_alive && head.status >= 200) break;
  }
  return sent;
}

}  // namespace holdfast::differential
