// Chunked content decoded whole and in pieces must come out the same, and what is decoded must be no longer than what
// was read.
#include <string>

#include "fuzz/pieces.h"
#include "http/content_decoder.h"

namespace {

using namespace holdfast;
using namespace holdfast::http;
using fuzz::require;

struct Decoded {
  std::string content;
  std::size_t consumed = 0;
  bool end = false;
  const char* rule = nullptr;
  std::string trailers;
};

template <class Next>
Decoded decode(std::string_view bytes, Next next) {
  ContentDecoder decoder;
  decoder.start(Framing::chunked, 0, ContentDecoder::Side::request);
  Decoded d;
  while (d.consumed < bytes.size() && !d.end && d.rule == nullptr) {
    const std::size_t size = next(bytes.size() - d.consumed);
    const auto piece = std::make_unique<char[]>(size);
    bytes.substr(d.consumed, size).copy(piece.get(), size);
    const ContentDecoder::Step step = decoder.decode(piece.get(), size);
    require(step.content.empty() || (step.content.data() >= piece.get() &&
                                     step.content.data() + step.content.size() <= piece.get() + step.consumed),
            "content is inside what was consumed");
    d.content += step.content;
    d.consumed += step.consumed;
    d.end = step.end;
    if (step.failed) d.rule = decoder.error().detail;
    require(step.end || step.failed || step.consumed == size, "everything is consumed");
  }
  d.trailers = decoder.trailers();
  return d;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes = fuzz::text_of(data + 1, size - 1);
  const Decoded whole = decode(bytes, [](std::size_t left) { return left; });
  fuzz::Pieces pieces(data[0]);
  const Decoded split = decode(bytes, [&](std::size_t left) { return pieces.next(left); });
  require(whole.content == split.content, "same content");
  require(whole.end == split.end && whole.rule == split.rule, "same end");
  require(whole.trailers == split.trailers, "same trailers");
  if (whole.end) require(whole.consumed == split.consumed, "same size");
  return 0;
}
