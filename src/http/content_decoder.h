// content_decoder: the content of one message from its framing (RFC 9112 6 and 7.1), byte range by byte range.
//
// Chunked content is compacted in place: one call yields one contiguous run, whatever the sender's chunk sizes, so that
// the other side sends one chunk per read. Trailers are checked like fields and kept as they came; copy_trailers knows
// which of them go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/failure.h"
#include "http/chunk_extension.h"
#include "http/head.h"

namespace holdfast::http {

class ContentDecoder {
 public:
  enum class Side : std::uint8_t { request, response };  // whose error row a fault is

  void start(Framing framing, std::uint64_t length, Side side) noexcept;

  struct Step {
    std::size_t consumed = 0;  // bytes of the input that are done with: all of them, unless the message ended or failed
    std::string_view content;  // decoded run, inside the input buffer
    bool end = false;  // the message is complete (after `content`); input behind `consumed` belongs to the next message
    bool failed = false;  // error() says why; the connection is of no more use
  };
  // May move bytes within [data, data+size). Pieces may be of any size: an incomplete line is kept here. Bounds: 16 KiB
  // of trailers, 4 KiB of extensions in one chunk-size line, 64 KiB of them in one message.
  Step decode(char* data, std::size_t size);

  bool done() const noexcept { return phase_ == Phase::done; }
  // The peer closed its side: true when that completes the content (until_close), false when it truncates it.
  bool complete_at_eof() const noexcept { return phase_ == Phase::until_close || phase_ == Phase::done; }
  // For Framing::length: bytes still to come.
  std::uint64_t remaining() const noexcept { return remaining_; }

  // Checked trailer lines, each with its CRLF; empty when none.
  std::string_view trailers() const noexcept { return {trailers_.data(), checked_}; }
  const Error& error() const noexcept { return error_; }

 private:
  enum class Phase : std::uint8_t {
    length,
    chunk_size,
    extension,
    size_line_end,
    chunk_data,
    chunk_cr,
    chunk_lf,
    trailers,
    until_close,
    done
  };
  // Where one call stands.
  struct Cursor {
    char* data = nullptr;
    std::size_t size = 0;
    std::size_t at = 0;
    std::size_t run = 0;      // where the decoded run starts
    std::size_t run_end = 0;  // the next decoded byte goes here
  };
  Step decode_plain(std::size_t size, const char* data) noexcept;
  bool read_size_line(Cursor& c);
  bool read_size(Cursor& c);
  void end_size_line() noexcept;
  bool read_extension(char byte, const Cursor& c);
  bool read_data(Cursor& c) noexcept;
  bool read_trailers(Cursor& c);
  bool take_trailer_line(const Cursor& c);
  bool refuse(const char* rule, const Cursor& c) noexcept;
  bool too_large(const char* rule, std::uint64_t limit) noexcept;

  Phase phase_ = Phase::done;
  Side side_ = Side::request;
  std::uint8_t size_digits_ = 0;
  ExtensionPart extension_ = ExtensionPart::between;
  std::uint64_t remaining_ = 0;
  std::uint64_t offset_ = 0;  // bytes of the message's content seen before this call
  std::uint32_t extension_bytes_ = 0;
  std::uint32_t line_extension_bytes_ = 0;
  std::uint32_t trailer_bytes_ = 0;
  std::size_t checked_ = 0;  // bytes of trailers_: lines that are complete and good
  std::string trailers_;
  Error error_;
};

}  // namespace holdfast::http
