// outbox: bytes on their way to one peer.
//
// Small pieces are copied into blocks of its own, large content is referred to until flush(). What the peer does not
// take at once stays: a borrowed block is taken over from its owner, or its rest copied. Producers stop while something
// is left, so what is held stays within one read of the other side.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/blocks.h"
#include "net/transport.h"

namespace holdfast::proxy {

// A run of content on its way through. `owner`, when given, is a block that holds nothing else of use: whoever must
// keep the bytes may move it out.
struct Content {
  std::string_view bytes;
  BlockRef* owner = nullptr;
};

class Outbox {
 public:
  enum class Flushed : std::uint8_t { all, blocked, lost };

  explicit Outbox(BlockPool& pool) noexcept : pool_(pool) {}

  // Room for `size` contiguous bytes; write there, then commit the end. `soon` more bytes are expected behind them.
  char* reserve(std::size_t size, std::size_t soon = 0);
  void commit(const char* end) noexcept;
  void append(std::string_view bytes);
  void content(Content content);

  // Writes what the transport takes. Afterwards nothing refers to memory of others.
  Flushed flush(net::Transport& transport);

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  std::uint64_t written() const noexcept { return written_; }  // in its lifetime since clear()
  void clear() noexcept;

 private:
  // Measured: below this, one send from one buffer beats two ranges in one sendmsg.
  static constexpr std::size_t copy_below = 8U << 10U;

  struct Segment {
    BlockRef block;  // empty: the bytes are borrowed
    const char* begin = nullptr;
    std::size_t size = 0;
    BlockRef* owner = nullptr;
  };
  void drop_written(std::size_t bytes) noexcept;
  void keep_borrowed();

  BlockPool& pool_;
  std::vector<Segment> segments_;
  std::size_t size_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace holdfast::proxy
