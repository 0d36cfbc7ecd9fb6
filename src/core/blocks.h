// Blocks: the memory that bytes in flight live in, 4, 64 or 256 KiB each (512 for a head at its ceiling), from free
// lists of one worker.
//
// A BlockRef is the only owner of its block and gives it back when it goes. Blocks are not cleared. The 256 KiB class
// is a fixed reserve (4 MiB): when it is used up the caller gets 64 KiB. Not thread-safe: one pool per worker, which
// must outlive its blocks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace holdfast {

inline constexpr std::size_t small_block = 4U << 10U;
inline constexpr std::size_t medium_block = 64U << 10U;
inline constexpr std::size_t large_block = 256U << 10U;

class BlockPool;

class BlockRef {
 public:
  BlockRef() noexcept = default;
  BlockRef(BlockRef&& other) noexcept
      : bytes_(std::move(other.bytes_)),
        pool_(std::exchange(other.pool_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  BlockRef& operator=(BlockRef&& other) noexcept {
    if (this == &other) return *this;
    reset();
    bytes_ = std::move(other.bytes_);
    pool_ = std::exchange(other.pool_, nullptr);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  BlockRef(const BlockRef&) = delete;
  BlockRef& operator=(const BlockRef&) = delete;
  ~BlockRef() { reset(); }

  char* data() const noexcept { return bytes_.get(); }
  std::size_t size() const noexcept { return size_; }
  explicit operator bool() const noexcept { return bytes_ != nullptr; }
  void reset() noexcept;

 private:
  friend class BlockPool;
  BlockRef(std::unique_ptr<char[]> bytes, std::size_t size, BlockPool* pool) noexcept
      : bytes_(std::move(bytes)), pool_(pool), size_(static_cast<std::uint32_t>(size)) {}

  std::unique_ptr<char[]> bytes_;
  BlockPool* pool_ = nullptr;
  std::uint32_t size_ = 0;
};

class BlockPool {
 public:
  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  BlockRef small() { return take(0); }
  BlockRef medium() { return take(1); }
  BlockRef large() { return lent_[2] < large_reserve ? take(2) : take(1); }  // medium when the reserve is lent out

  // The smallest class that holds `size` bytes; empty when none does. Never limited by the reserve: heads need it.
  BlockRef at_least(std::size_t size);

  // Bytes in blocks that are lent out now.
  std::size_t in_use() const noexcept;

 private:
  friend class BlockRef;
  static constexpr std::size_t large_reserve = 16;  // 4 MiB
  static constexpr std::array<std::size_t, 4> sizes{small_block, medium_block, large_block, 2 * large_block};
  static constexpr std::array<std::size_t, 4> keep{64, 32, 4,
                                                   0};  // free blocks kept for the next request; the rest is freed

  BlockRef take(std::size_t size_class);
  void give_back(std::unique_ptr<char[]> bytes, std::size_t size) noexcept;

  std::array<std::vector<std::unique_ptr<char[]>>, 4> free_;
  std::array<std::size_t, 4> lent_{};
};

}  // namespace holdfast
