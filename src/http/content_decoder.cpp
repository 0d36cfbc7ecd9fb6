#include "http/content_decoder.h"

#include <algorithm>
#include <cstring>

#include "core/bytes.h"
#include "http/trailers.h"

namespace holdfast::http {
namespace {

constexpr std::uint32_t most_trailer_bytes = 16U << 10U;
constexpr std::uint32_t most_line_extension_bytes = 4U << 10U;
constexpr std::uint32_t most_extension_bytes = 64U << 10U;
constexpr std::uint8_t most_size_digits = 16;

bool is_control(char c) noexcept { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f'; }

const char* rule_for(char c, const char* otherwise) noexcept {
  if (c == '\n') return "bare LF in chunked content";
  if (c == '\r') return "bare CR in chunked content";
  return otherwise;
}

}  // namespace

void ContentDecoder::start(Framing framing, std::uint64_t length, Side side) noexcept {
  side_ = side;
  size_digits_ = 0;
  remaining_ = framing == Framing::length ? length : 0;
  offset_ = 0;
  extension_bytes_ = line_extension_bytes_ = trailer_bytes_ = 0;
  checked_ = 0;
  trailers_.clear();
  error_ = {};
  switch (framing) {
    case Framing::none: phase_ = Phase::done; break;
    case Framing::length: phase_ = length == 0 ? Phase::done : Phase::length; break;
    case Framing::chunked: phase_ = Phase::chunk_size; break;
    case Framing::until_close: phase_ = Phase::until_close; break;
  }
}

ContentDecoder::Step ContentDecoder::decode_plain(std::size_t size, const char* data) noexcept {
  if (phase_ == Phase::done) return {0, {}, true, false};
  if (phase_ == Phase::until_close) return {size, {data, size}, false, false};
  const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(size, remaining_));
  remaining_ -= taken;
  if (remaining_ == 0) phase_ = Phase::done;
  return {taken, {data, taken}, phase_ == Phase::done, false};
}

ContentDecoder::Step ContentDecoder::decode(char* data, std::size_t size) {
  if (error_.detail != nullptr) return {0, {}, false, true};
  if (phase_ == Phase::length || phase_ == Phase::until_close || phase_ == Phase::done) return decode_plain(size, data);
  Cursor c{data, size, 0, 0, 0};
  bool good = true;
  while (good && c.at < size && phase_ != Phase::done) {
    if (phase_ == Phase::chunk_data) {
      good = read_data(c);
    } else if (phase_ == Phase::trailers) {
      good = read_trailers(c);
    } else {
      good = read_size_line(c);
    }
  }
  offset_ += c.at;
  return {c.at, {data + c.run, c.run_end - c.run}, phase_ == Phase::done, !good};
}

// One byte of what stands between the data of two chunks.
bool ContentDecoder::read_size_line(Cursor& c) {
  if (phase_ == Phase::chunk_size) return read_size(c);
  const char byte = c.data[c.at];
  if (phase_ == Phase::chunk_cr || phase_ == Phase::chunk_lf) {
    const bool first = phase_ == Phase::chunk_cr;
    if (byte != (first ? '\r' : '\n')) return refuse(rule_for(byte, "chunk without its line end"), c);
    phase_ = first ? Phase::chunk_lf : Phase::chunk_size;
  } else if (phase_ == Phase::size_line_end) {
    if (byte != '\n') return refuse("bare CR in chunked content", c);
    end_size_line();
  } else if (byte == '\r' && may_end(extension_)) {
    phase_ = Phase::size_line_end;
  } else if (!read_extension(byte, c)) {
    return false;
  }
  ++c.at;
  return true;
}

bool ContentDecoder::read_size(Cursor& c) {
  while (c.at < c.size) {
    const int digit = hex_value(c.data[c.at]);
    if (digit < 0) break;
    if (++size_digits_ > most_size_digits) return refuse("chunk size too large", c);
    if (remaining_ >> 59U != 0) return refuse("chunk size too large", c);  // the next digit would pass 2^63
    remaining_ = remaining_ << 4U | static_cast<std::uint64_t>(digit);
    ++c.at;
  }
  if (c.at == c.size) return true;
  const char byte = c.data[c.at];
  if (size_digits_ == 0) return refuse(rule_for(byte, "chunk without a size"), c);
  if (byte == '\r') {
    phase_ = Phase::size_line_end;
    ++c.at;
    return true;
  }
  if (byte != ';' && byte != ' ' && byte != '\t') return refuse(rule_for(byte, "character in a chunk size"), c);
  phase_ = Phase::extension;  // the byte is read once more there
  extension_ = ExtensionPart::between;
  return true;
}

void ContentDecoder::end_size_line() noexcept {
  phase_ = remaining_ == 0 ? Phase::trailers : Phase::chunk_data;
  size_digits_ = 0;
  line_extension_bytes_ = 0;
}

// RFC 9112 7.1.1: extensions are optional and we know none. They are read, counted and left out.
bool ContentDecoder::read_extension(char byte, const Cursor& c) {
  if (is_control(byte)) return refuse(rule_for(byte, "control character in a chunk extension"), c);
  const bool in_size = extension_ == ExtensionPart::between && line_extension_bytes_ == 0;
  extension_ = next_part(extension_, byte);
  if (extension_ == ExtensionPart::broken)
    return refuse(in_size ? "character in a chunk size" : "character in a chunk extension", c);
  ++extension_bytes_;
  ++line_extension_bytes_;
  if (extension_bytes_ > most_extension_bytes || line_extension_bytes_ > most_line_extension_bytes) {
    return refuse("chunk extensions too large", c);
  }
  return true;
}

bool ContentDecoder::read_data(Cursor& c) noexcept {
  const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(c.size - c.at, remaining_));
  if (c.run_end == c.run) c.run = c.run_end = c.at;
  if (c.run_end != c.at) std::memmove(c.data + c.run_end, c.data + c.at, taken);
  c.run_end += taken;
  c.at += taken;
  remaining_ -= taken;
  if (remaining_ == 0) phase_ = Phase::chunk_cr;
  return true;
}

bool ContentDecoder::read_trailers(Cursor& c) {
  const char* begin = c.data + c.at;
  const void* found = std::memchr(begin, '\n', c.size - c.at);
  const std::size_t taken =
      found == nullptr ? c.size - c.at : static_cast<std::size_t>(static_cast<const char*>(found) - begin) + 1;
  if (trailer_bytes_ + taken > most_trailer_bytes) return too_large("trailers too large", most_trailer_bytes);
  trailer_bytes_ += static_cast<std::uint32_t>(taken);
  trailers_.append(begin, taken);
  c.at += taken;
  return found == nullptr || take_trailer_line(c);
}

bool ContentDecoder::take_trailer_line(const Cursor& c) {
  const std::string_view line = std::string_view(trailers_).substr(checked_);
  if (line == "\r\n") {
    phase_ = Phase::done;
    return true;
  }
  const char* rule = check_trailer_line(line);
  if (rule != nullptr) return refuse(rule, c);
  checked_ = trailers_.size();
  return true;
}

bool ContentDecoder::refuse(const char* rule, const Cursor& c) noexcept {
  error_ = {side_ == Side::request ? Reason::bad_request : Reason::upstream_bad_response, nullptr, rule, offset_ + c.at,
            0};
  return false;
}

bool ContentDecoder::too_large(const char* rule, std::uint64_t limit) noexcept {
  error_ = {side_ == Side::request ? Reason::headers_too_large : Reason::upstream_headers_too_large, nullptr, rule, 0,
            limit};
  return false;
}

}  // namespace holdfast::http
