// Which fields go on: any fields of a request, a response or the trailers, against the rules said in another way.
//
// The first two bytes choose the direction and the proxy's settings; the rest is field lines, parted by LF, so that
// almost every input is a head. What is sent must parse again and have the fields that the rules name, in their
// order, and no others.
#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/field_rules.h"
#include "fuzz/pieces.h"
#include "http/content_decoder.h"
#include "http/forwarding.h"
#include "http/h1_parser.h"
#include "http/trailers.h"

namespace {

using namespace holdfast;
using namespace holdfast::http;
using fuzz::Fields;
using fuzz::require;

constexpr std::string_view peer = "2001:db8::7";
constexpr HeadLimits generous{1U << 16U, 400, 4096};
constexpr HeadLimits twice{1U << 17U, 800, 4096};

Fields fields_of(const Head& head) {
  Fields fields;
  for (const Field& f : head.fields) fields.push_back({std::string(head.name(f)), std::string(head.value(f))});
  return fields;
}

FieldNames names_with_marks() {
  FieldNames names;
  names.mark(fuzz::request_id, mark_request_id);
  names.mark(fuzz::stripped, mark_strip);
  names.mark(fuzz::never_sent, mark_dropped);
  return names;
}

template <class Render>
std::string rendered(std::size_t bound, Render render) {
  std::string out(bound, '\0');
  const auto size = static_cast<std::size_t>(render(out.data()) - out.data());
  require(size <= bound, "within its bound");
  out.resize(size);
  return out;
}

void check_request(std::string_view lines, std::uint8_t settings) {
  const std::string bytes = std::string((settings & 2U) != 0 ? "OPTIONS * HTTP/1." : "GET /a?b HTTP/1.") +
                            ((settings & 4U) != 0 ? "0" : "1") + "\r\n" + std::string(lines) + "\r\n";
  const FieldNames names = names_with_marks();
  RequestParser parser;
  RequestHead head;
  parser.start(generous, names);
  if (parser.parse(bytes.data(), bytes.size(), head) != Progress::done) return;
  RequestForwarding f;
  f.peer = peer;
  f.trusted_hops = settings & 1U;
  f.upstream_authority = "127.0.0.1:3000";
  f.framing = {head.framing, head.content_length, false};
  f.replace_request_id = (settings & 8U) != 0;
  const AddedField own{fuzz::request_id, "id-of-ours"};
  if (f.replace_request_id) f.add = {&own, 1};
  const std::string out = rendered(request_bound(head, f), [&](char* p) { return render_request(head, f, p); });
  RequestHead again;
  parser.start(twice, names);
  require(parser.parse(out.data(), out.size(), again) == Progress::done && again.size == out.size(), "a head again");
  require(again.framing == head.framing && again.content_length == head.content_length, "the same framing");
  fuzz::RequestRule rule;
  rule.trusts = f.trusted_hops != 0;
  rule.replaces_id = f.replace_request_id;
  rule.upgrade = head.upgrade_websocket;
  rule.te_trailers = head.te_trailers;
  rule.http10 = head.version == Version::http10;
  rule.options = head.method == Method::options;
  rule.expect_continue = head.expect_continue;
  rule.peer = peer;
  fuzz::check_request_fields(fields_of(head), fields_of(again), rule);
}

void check_response(std::string_view lines, std::uint8_t settings) {
  static constexpr std::string_view starts[] = {"200 OK", "204 No Content", "304 Not Modified", "103 Early Hints"};
  const std::string bytes =
      "HTTP/1.1 " + std::string(starts[(settings >> 1U) % 4U]) + "\r\n" + std::string(lines) + "\r\n";
  const FieldNames names = names_with_marks();
  ResponseParser parser;
  ResponseHead head;
  parser.start(generous, names, {});
  if (parser.parse(bytes.data(), bytes.size(), head) != Progress::done) return;
  ResponseForwarding f;
  f.framing = {head.framing, head.content_length, false};
  f.date = "Sun, 06 Nov 1994 08:49:37 GMT";
  f.close = (settings & 8U) != 0 || head.framing == Framing::until_close;
  f.strip = (settings & 1U) != 0;
  f.keep_alive_seconds = (settings & 16U) != 0 ? 75 : 0;
  const std::string out = rendered(response_bound(head, f), [&](char* p) { return render_response(head, f, p); });
  ResponseHead again;
  parser.start(twice, names, {});
  require(parser.parse(out.data(), out.size(), again) == Progress::done && again.size == out.size(), "a head again");
  require(again.status == head.status && again.framing == head.framing, "the same status and framing");
  fuzz::ResponseRule rule;
  rule.strips = f.strip;
  rule.chunked = head.framing == Framing::chunked;
  rule.interim = head.status < 200;
  rule.closes = f.close;
  fuzz::check_response_fields(fields_of(head), fields_of(again), rule);
}

struct Trailers {
  std::string lines;
  bool end = false;
};
Trailers decode(std::string bytes) {
  ContentDecoder decoder;
  decoder.start(Framing::chunked, 0, ContentDecoder::Side::request);
  const ContentDecoder::Step step = decoder.decode(bytes.data(), bytes.size());
  return {std::string(decoder.trailers()), step.end};
}

void check_trailers(std::string_view lines, bool strip) {
  const Trailers in = decode("0\r\n" + std::string(lines) + "\r\n");
  if (!in.end) return;
  std::string out(in.lines.size(), '\0');
  out.resize(copy_trailers(in.lines, names_with_marks(), strip, out.data()));
  const Trailers again = decode("0\r\n" + out + "\r\n");
  require(again.end && again.lines == out, "trailers again");
  for (std::string_view rest = out; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find("\r\n") + 2);
    rest.remove_prefix(line.size());
    require(lines.find(line) != std::string_view::npos, "no line that was not received");
    fuzz::check_trailer_name(line.substr(0, line.find(':')), strip);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string lines;
  for (const char c : fuzz::text_of(data + 2, size - 2)) c == '\n' ? lines += "\r\n" : lines += c;
  if (!lines.empty() && !lines.ends_with('\n')) lines += "\r\n";
  switch (data[0] % 3) {
    case 0: check_request(lines, data[1]); break;
    case 1: check_response(lines, data[1]); break;
    case 2: check_trailers(lines, (data[1] & 1U) != 0); break;
  }
  return 0;
}
