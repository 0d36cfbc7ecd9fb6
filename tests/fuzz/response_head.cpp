// A response head parsed whole and in pieces must come out the same, and what is rendered from it must be a head that
// we accept.
#include "fuzz/pieces.h"
#include "http/forwarding.h"
#include "http/h1_parser.h"

namespace {

using namespace holdfast;
using namespace holdfast::http;
using fuzz::require;

Progress parse_in_pieces(ResponseParser& parser, std::string_view bytes, std::uint8_t seed,
                         std::unique_ptr<char[]>& kept, ResponseHead& head) {
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

void rendered_is_accepted(const ResponseHead& head, const FieldNames& names, ResponseContext context) {
  ResponseForwarding f;
  f.framing = {head.framing, head.content_length, false};
  f.date = "Sun, 06 Nov 1994 08:49:37 GMT";
  f.close = head.framing == Framing::until_close;
  f.upgrade = head.upgrade_websocket;
  const std::size_t bound = response_bound(head, f);
  const auto out = std::make_unique<char[]>(bound);
  const auto size = static_cast<std::size_t>(render_response(head, f, out.get()) - out.get());
  require(size <= bound, "within its bound");
  ResponseParser parser;
  ResponseHead again;
  const HeadLimits wide{8192, 64, 512};
  parser.start(wide, names, context);
  require(parser.parse(out.get(), size, again) == Progress::done && again.size == size,
          "what we send is a response head");
  require(again.status == head.status && again.upgrade_websocket == head.upgrade_websocket, "status as given");
  require(again.framing == head.framing, "framing as given");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes = fuzz::text_of(data + 2, size - 2);
  const FieldNames names;
  const HeadLimits limits{2048, 20, 512};
  const ResponseContext context{(data[1] & 1U) != 0, (data[1] & 2U) != 0};
  const auto copy = std::make_unique<char[]>(bytes.size());
  bytes.copy(copy.get(), bytes.size());

  ResponseParser whole;
  ResponseHead head;
  whole.start(limits, names, context);
  const Progress progress = whole.parse(copy.get(), bytes.size(), head);
  ResponseParser split;
  ResponseHead split_head;
  std::unique_ptr<char[]> kept;
  split.start(limits, names, context);
  const Progress split_progress = parse_in_pieces(split, bytes, data[0], kept, split_head);

  // A piece may end before a fault that the whole shows only in a line that never ends.
  if (bytes.empty() || (split_progress == Progress::need_more && progress == Progress::failed)) return 0;
  require(progress == split_progress, "same progress");
  if (progress == Progress::failed) {
    require(whole.error().reason == split.error().reason && whole.error().detail == split.error().detail,
            "same reason");
  }
  if (progress != Progress::done) return 0;
  require(head.size == split_head.size && head.framing == split_head.framing &&
              head.fields.size() == split_head.fields.size(),
          "same head");
  rendered_is_accepted(head, names, context);
  return 0;
}
