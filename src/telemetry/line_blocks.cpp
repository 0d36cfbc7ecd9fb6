// line_blocks: the slow half of a LogChannel: what happens when the current block has no room.
#include "telemetry/line_blocks.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace holdfast::telemetry {

BlockRing::BlockRing(std::size_t capacity)
    : slots_(std::bit_ceil(std::max<std::size_t>(capacity, 2))), mask_(slots_.size() - 1) {}

void BlockRing::push(std::uint32_t block) noexcept {
  const std::size_t tail = tail_.load(std::memory_order_relaxed);
  slots_[tail & mask_] = block;
  tail_.store(tail + 1, std::memory_order_release);
}

std::optional<std::uint32_t> BlockRing::pop() noexcept {
  const std::size_t head = head_.load(std::memory_order_relaxed);
  if (head == tail_.load(std::memory_order_acquire)) return std::nullopt;
  const std::uint32_t block = slots_[head & mask_];
  head_.store(head + 1, std::memory_order_release);
  return block;
}

std::size_t BlockRing::size() const noexcept {
  const std::size_t head = head_.load(std::memory_order_acquire);  // first, so that the difference is never negative
  return tail_.load(std::memory_order_acquire) - head;
}

std::uint32_t BlockRing::peek(std::size_t from_front) const noexcept {
  return slots_[(head_.load(std::memory_order_relaxed) + from_front) & mask_];
}

LogChannel::LogChannel(const ChannelLimits& limits, WriterWake& wake)
    : wake_(wake),
      block_size_(limits.block_size),
      hold_(limits.hold),
      memory_(std::make_unique_for_overwrite<char[]>(limits.block_size * std::max<std::size_t>(limits.blocks, 2))),
      sizes_(std::make_unique<std::uint32_t[]>(std::max<std::size_t>(limits.blocks, 2))),
      full_(std::max<std::size_t>(limits.blocks, 2)),
      free_(std::max<std::size_t>(limits.blocks, 2)),
      stack_(std::make_unique<std::uint32_t[]>(std::max<std::size_t>(limits.blocks, 2))) {
  const auto blocks = static_cast<std::uint32_t>(std::max<std::size_t>(limits.blocks, 2));
  for (std::uint32_t block = blocks; block > 0; --block) stack_[kept_++] = block - 1;
}

char* LogChannel::drop(LineDrop reason) noexcept {
  auto& count = dropped_[static_cast<std::size_t>(reason)];
  count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return nullptr;
}

bool LogChannel::take_free_block(Level level) noexcept {
  while (const auto block = free_.pop()) stack_[kept_++] = *block;
  if (kept_ == 0 || (kept_ == 1 && level < Level::warn)) return false;
  reserved_ = kept_ == 1;
  block_ = stack_[--kept_];
  block_begin_ = block_at(block_);
  capacity_ = block_size_;
  return true;
}

char* LogChannel::begin_elsewhere(Level level, std::size_t max) noexcept {
  if (max > block_size_) return drop(LineDrop::too_long);
  if (reserved_ && free_blocks() > 0) reserved_ = false;  // blocks came back: this one is no longer the last
  if (reserved_ && level < Level::warn) return drop(LineDrop::no_block);
  if (max <= room()) return at_cursor();
  flush();
  return take_free_block(level) ? at_cursor() : drop(LineDrop::no_block);
}

std::optional<TimePoint> LogChannel::due() const noexcept {
  if (used_.load(std::memory_order_relaxed) == 0) return std::nullopt;
  return first_line_ + hold_;
}

void LogChannel::flush_if_due(TimePoint now) noexcept {
  if (used_.load(std::memory_order_relaxed) != 0 && now >= first_line_ + hold_) flush();
}

void LogChannel::flush() noexcept {
  const std::uint32_t used = used_.load(std::memory_order_relaxed);
  if (used == 0) return;
  sizes_[block_] = used;
  used_.store(0, std::memory_order_release);
  capacity_ = 0;
  reserved_ = false;
  full_.push(std::exchange(block_, no_block));
  wake_.wake();
}

std::optional<LogChannel::Filled> LogChannel::take() noexcept {
  const auto block = full_.pop();
  if (!block.has_value()) return std::nullopt;
  return Filled{*block, {block_at(*block), sizes_[*block]}};
}

void LogChannel::give_back(std::uint32_t block) noexcept { free_.push(block); }

std::string_view LogChannel::current_lines() const noexcept {
  const std::uint32_t used = used_.load(std::memory_order_acquire);
  return used == 0 ? std::string_view{} : std::string_view{block_begin_, used};
}

std::string_view LogChannel::waiting_lines(std::size_t i) const noexcept {
  const std::uint32_t block = full_.peek(i);
  return {block_at(block), sizes_[block]};
}

}  // namespace holdfast::telemetry
