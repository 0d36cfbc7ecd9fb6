// Blocks: the memory that bytes in flight live in, 4, 68 or 260 KiB each (520 for a head at its ceiling), from free
// lists of one worker.
//
// A BlockRef is the only owner of its block and gives it back when it goes. Blocks are not cleared. The 260 KiB class
// is a fixed reserve (4 MiB): when it is used up the caller gets 68 KiB. Not thread-safe: one pool per worker, which
// must outlive its blocks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace holdfast {

inline constexpr std::size_t small_block = 4U << 10U;
// 64 and 256 KiB of content with a head before it: such a message is read in one piece.
inline constexpr std::size_t medium_block = 68U << 10U;
inline constexpr std::size_t large_block = 260U << 10U;

class BlockPool;

class BlockRef {
 public:
  BlockRef() noexcept = default;
  BlockRef(BlockRef&& other) noexcept
      : bytes_(std::exchange(other.bytes_, nullptr)), pool_(other.pool_), size_class_(other.size_class_) {}
  BlockRef& operator=(BlockRef&& other) noexcept {
    if (this == &other) return *this;
    reset();
    bytes_ = std::exchange(other.bytes_, nullptr);
    pool_ = other.pool_;
    size_class_ = other.size_class_;
    return *this;
  }
  BlockRef(const BlockRef&) = delete;
  BlockRef& operator=(const BlockRef&) = delete;
  ~BlockRef() { reset(); }

  char* data() const noexcept { return bytes_; }
  inline std::size_t size() const noexcept;
  explicit operator bool() const noexcept { return bytes_ != nullptr; }
  inline void reset() noexcept;

 private:
  friend class BlockPool;
  BlockRef(char* bytes, std::uint32_t size_class, BlockPool* pool) noexcept
      : bytes_(bytes), pool_(pool), size_class_(size_class) {}

  char* bytes_ = nullptr;
  BlockPool* pool_ = nullptr;
  std::uint32_t size_class_ = 0;
};

class BlockPool {
 public:
  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool();

  BlockRef small() { return take(0); }
  BlockRef medium() { return take(1); }
  BlockRef large() { return lent_[2] < large_reserve ? take(2) : take(1); }  // medium when the reserve is lent out

  // The smallest class that holds `size` bytes; empty when none does. Never limited by the reserve: heads need it.
  BlockRef at_least(std::size_t size) {
    for (std::uint32_t i = 0; i < sizes.size(); ++i) {
      if (size <= sizes[i]) return take(i);
    }
    return {};
  }

  // Bytes in blocks that are lent out now.
  std::size_t in_use() const noexcept {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) bytes += lent_[i] * sizes[i];
    return bytes;
  }

 private:
  friend class BlockRef;
  static constexpr std::size_t large_reserve = 16;  // 4 MiB
  static constexpr std::array<std::size_t, 4> sizes{small_block, medium_block, large_block, 2 * large_block};
  static constexpr std::array<std::size_t, 4> keep{64, 32, 4,
                                                   0};  // free blocks kept for the next request; the rest is freed

  // A free block: its own memory links it to the next one, so that giving one back needs none.
  struct Free {
    Free* next;
  };

  BlockRef take(std::uint32_t size_class) {
    Free* const first = free_[size_class];
    if (first == nullptr) return make(size_class);
    free_[size_class] = first->next;
    --kept_[size_class];
    ++lent_[size_class];
    return {static_cast<char*>(static_cast<void*>(first)), size_class, this};
  }
  void give_back(char* bytes, std::uint32_t size_class) noexcept {
    --lent_[size_class];
    if (kept_[size_class] >= keep[size_class]) return free_one(bytes);
    ++kept_[size_class];
    free_[size_class] = std::construct_at(static_cast<Free*>(static_cast<void*>(bytes)), free_[size_class]);
  }
  BlockRef make(std::uint32_t size_class);
  static void free_one(char* bytes) noexcept;

  std::array<Free*, 4> free_{};
  std::array<std::size_t, 4> kept_{};
  std::array<std::size_t, 4> lent_{};
};

std::size_t BlockRef::size() const noexcept { return bytes_ == nullptr ? 0 : BlockPool::sizes[size_class_]; }

void BlockRef::reset() noexcept {
  if (bytes_ != nullptr) pool_->give_back(std::exchange(bytes_, nullptr), size_class_);
}

}  // namespace holdfast
