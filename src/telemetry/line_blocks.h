// line_blocks: how one thread hands finished log lines to the writer thread without ever waiting for it.
//
// A LogChannel belongs to one producing thread. It fills a block with lines; full, or 100 ms after its first line, the
// block goes to the writer through a single-producer ring and comes back empty through another. When the writer has all
// blocks, lines are dropped and counted; the last free block takes only lines of level warn and above.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "telemetry/level.h"

namespace holdfast::telemetry {

// Why a line was not written.
enum class LineDrop : std::uint8_t { no_block, too_long, sink_failed, shutdown };
inline constexpr std::array<std::string_view, 4> line_drop_words{"buffers_full", "too_long", "sink_failed", "shutdown"};
constexpr std::string_view word(LineDrop reason) noexcept { return line_drop_words[static_cast<std::size_t>(reason)]; }

// Wakes the writer thread; given to the channels so that they need not know it.
class WriterWake {
 public:
  virtual void wake() noexcept = 0;

 protected:
  ~WriterWake() = default;
};

// Single producer, single consumer. Holds `capacity` indices at most, which the user never exceeds (there are no more
// blocks).
class BlockRing {
 public:
  explicit BlockRing(std::size_t capacity);
  void push(std::uint32_t block) noexcept;                    // producer
  std::optional<std::uint32_t> pop() noexcept;                // consumer
  std::size_t size() const noexcept;                          // exact for both sides' own ends, a snapshot for others
  std::uint32_t peek(std::size_t from_front) const noexcept;  // for the crash flush; from_front < size()

 private:
  std::vector<std::uint32_t> slots_;
  std::size_t mask_;
  // Padding and not alignment keeps the two ends off one cache line: rings also live on stacks.
  [[maybe_unused]] std::array<char, 64> before_{};
  std::atomic<std::size_t> head_{0};  // next to pop
  [[maybe_unused]] std::array<char, 64> between_{};
  std::atomic<std::size_t> tail_{0};  // next to push
  [[maybe_unused]] std::array<char, 64> after_{};
};

struct ChannelLimits {
  std::size_t block_size = 64U << 10U;
  std::size_t blocks = 16;  // at least 2: one in use, one reserved
  Duration hold = std::chrono::milliseconds(100);
};

class LogChannel {
 public:
  LogChannel(const ChannelLimits& limits, WriterWake& wake);
  LogChannel(const LogChannel&) = delete;
  LogChannel& operator=(const LogChannel&) = delete;

  // --- the producing thread ---

  // Room for a line of up to `max` bytes, or nullptr when it has to be dropped (then it is counted already). Every room
  // is given back by commit() or abandoned by the next begin().
  [[nodiscard]] char* begin(Level level, std::size_t max) noexcept {
    if (max <= room() && (!reserved_ || level >= Level::warn)) return at_cursor();
    return begin_elsewhere(level, max);
  }
  // The line from begin() to `end` is complete. `now` starts the block's 100 ms with its first line.
  void commit(char* end, TimePoint now) noexcept {
    if (used_.load(std::memory_order_relaxed) == 0) first_line_ = now;
    used_.store(static_cast<std::uint32_t>(end - block_begin_), std::memory_order_release);
  }

  // When flush_if_due() has something to do; nothing while the block is empty.
  std::optional<TimePoint> due() const noexcept;
  void flush_if_due(TimePoint now) noexcept;
  void flush() noexcept;  // hands over what there is

  // --- any thread ---
  std::uint64_t dropped(LineDrop reason) const noexcept {
    return dropped_[static_cast<std::size_t>(reason)].load(std::memory_order_relaxed);
  }

  // --- the writer thread ---
  struct Filled {
    std::uint32_t block;
    std::string_view lines;
  };
  std::optional<Filled> take() noexcept;
  void give_back(std::uint32_t block) noexcept;

  // --- a signal handler: what was not handed over, and what waits for the writer. Best effort, takes no lock. ---
  std::string_view current_lines() const noexcept;
  std::size_t waiting() const noexcept { return full_.size(); }
  std::string_view waiting_lines(std::size_t i) const noexcept;

 private:
  static constexpr std::uint32_t no_block = UINT32_MAX;

  std::size_t room() const noexcept { return capacity_ - used_.load(std::memory_order_relaxed); }
  char* at_cursor() const noexcept { return block_begin_ + used_.load(std::memory_order_relaxed); }
  char* begin_elsewhere(Level level, std::size_t max) noexcept;
  std::size_t free_blocks() const noexcept { return kept_ + free_.size(); }
  bool take_free_block(Level level) noexcept;
  char* block_at(std::uint32_t block) const noexcept { return memory_.get() + block * block_size_; }
  char* drop(LineDrop reason) noexcept;

  WriterWake& wake_;
  const std::size_t block_size_;
  const Duration hold_;
  std::unique_ptr<char[]> memory_;
  std::unique_ptr<std::uint32_t[]> sizes_;  // of handed-over blocks; written before the push that publishes them
  BlockRing full_;
  BlockRing free_;  // on their way back from the writer
  // Free blocks of the producer, the one that came back last on top: a quiet channel touches two or three of them.
  std::unique_ptr<std::uint32_t[]> stack_;
  std::size_t kept_ = 0;

  char* block_begin_ = nullptr;
  std::size_t capacity_ = 0;  // of the current block; 0 without one
  std::uint32_t block_ = no_block;
  bool reserved_ = false;  // the current block is the last one: warn and above only
  std::atomic<std::uint32_t> used_{0};
  TimePoint first_line_{};
  std::array<std::atomic<std::uint64_t>, line_drop_words.size()> dropped_{};
};

}  // namespace holdfast::telemetry
