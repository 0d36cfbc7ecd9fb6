#include "core/blocks.h"

namespace holdfast {

void BlockRef::reset() noexcept {
  if (pool_ == nullptr) return;
  std::exchange(pool_, nullptr)->give_back(std::move(bytes_), std::exchange(size_, 0));
}

BlockRef BlockPool::take(std::size_t size_class) {
  auto& list = free_[size_class];
  std::unique_ptr<char[]> bytes;
  if (list.empty()) {
    if (list.capacity() == 0) list.reserve(keep[size_class]);  // give_back must not allocate
    bytes = std::make_unique_for_overwrite<char[]>(sizes[size_class]);
  } else {
    bytes = std::move(list.back());
    list.pop_back();
  }
  ++lent_[size_class];
  return {std::move(bytes), sizes[size_class], this};
}

BlockRef BlockPool::at_least(std::size_t size) {
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (size <= sizes[i]) return take(i);
  }
  return {};
}

std::size_t BlockPool::in_use() const noexcept {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) bytes += lent_[i] * sizes[i];
  return bytes;
}

void BlockPool::give_back(std::unique_ptr<char[]> bytes, std::size_t size) noexcept {
  std::size_t size_class = 0;
  while (sizes[size_class] != size) ++size_class;
  --lent_[size_class];
  if (free_[size_class].size() < keep[size_class]) free_[size_class].push_back(std::move(bytes));
}

}  // namespace holdfast
