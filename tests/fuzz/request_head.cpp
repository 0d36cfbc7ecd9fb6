// A request head parsed whole and in pieces must come out the same, and what is rendered from it must be a head that we
// accept.
#include "fuzz/pieces.h"
#include "http/forwarding.h"
#include "http/h1_parser.h"

namespace {

using namespace holdfast;
using namespace holdfast::http;
using fuzz::require;

Progress parse_in_pieces(RequestParser& parser, std::string_view bytes, std::uint8_t seed,
                         std::unique_ptr<char[]>& kept, RequestHead& head) {
  fuzz::Pieces pieces(seed);
  Progress progress = Progress::need_more;
  std::size_t size = 0;
  while (progress == Progress::need_more && size < bytes.size()) {
    size += pieces.next(bytes.size() - size);
    auto copy = std::make_unique<char[]>(size);
    bytes.copy(copy.get(), size);
    progress = parser.parse(copy.get(), size, head);
    kept = std::move(copy);
  }
  return progress;
}

void same(const RequestHead& a, const RequestHead& b) {
  require(a.size == b.size && a.fields.size() == b.fields.size(), "same size and fields");
  require(a.framing == b.framing && a.content_length == b.content_length, "same framing");
  require(a.keep_alive == b.keep_alive && a.nominates == b.nominates && a.upgrade_websocket == b.upgrade_websocket,
          "same connection");
  require(a.path() == b.path() && a.query() == b.query() && a.text(a.authority) == b.text(b.authority), "same target");
  for (std::size_t i = 0; i < a.fields.size(); ++i) {
    require(a.name(a.fields[i]) == b.name(b.fields[i]) && a.value(a.fields[i]) == b.value(b.fields[i]), "same field");
    require(a.fields[i].id == b.fields[i].id && a.fields[i].marks == b.fields[i].marks, "same class");
  }
}

void rendered_is_accepted(const RequestHead& head, const HeadLimits& limits, const FieldNames& names,
                          std::uint8_t hops) {
  RequestForwarding f;
  f.peer = "192.0.2.7";
  f.trusted_hops = hops;
  f.upstream_authority = "127.0.0.1:3000";
  f.framing = {head.framing, head.content_length, false};
  const std::size_t bound = request_bound(head, f);
  const auto out = std::make_unique<char[]>(bound);
  const auto size = static_cast<std::size_t>(render_request(head, f, out.get()) - out.get());
  require(size <= bound, "within its bound");
  HeadLimits wide = limits;
  wide.head_bytes *= 2;
  wide.fields += 16;
  RequestParser parser;
  RequestHead again;
  parser.start(wide, names);
  require(parser.parse(out.get(), size, again) == Progress::done && again.size == size,
          "what we send is a request head");
  require(again.framing == head.framing && again.content_length == head.content_length, "framing as given");
  require(again.path() == head.path() && again.query() == head.query(), "target as given");
  require(again.version == Version::http11 && again.keep_alive, "the connection is ours");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes = fuzz::text_of(data + 2, size - 2);
  FieldNames names;
  names.mark("x-request-id", mark_request_id);
  const HeadLimits limits{2048, 20, 512};
  const auto copy = std::make_unique<char[]>(bytes.size());
  bytes.copy(copy.get(), bytes.size());

  RequestParser whole;
  RequestHead head;
  whole.start(limits, names);
  const Progress progress = whole.parse(copy.get(), bytes.size(), head);
  RequestParser split;
  RequestHead split_head;
  std::unique_ptr<char[]> kept;
  split.start(limits, names);
  const Progress split_progress = parse_in_pieces(split, bytes, data[0], kept, split_head);

  // A piece may end before a fault that the whole shows only in a line that never ends.
  if (bytes.empty() || (split_progress == Progress::need_more && progress == Progress::failed)) return 0;
  require(progress == split_progress, "same progress");
  if (progress == Progress::failed) {
    require(whole.error().reason == split.error().reason && whole.error().detail == split.error().detail,
            "same reason");
    if (whole.error().reason == Reason::bad_request) require(whole.error().value == split.error().value, "same offset");
  }
  if (progress != Progress::done) return 0;
  same(head, split_head);
  rendered_is_accepted(head, limits, names, data[1] % 2);
  return 0;
}
