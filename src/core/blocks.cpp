#include "core/blocks.h"

namespace holdfast {

BlockPool::~BlockPool() {
  for (Free* first : free_) {
    while (first != nullptr) free_one(static_cast<char*>(static_cast<void*>(std::exchange(first, first->next))));
  }
}

BlockRef BlockPool::make(std::uint32_t size_class) {
  auto bytes = std::make_unique_for_overwrite<char[]>(sizes[size_class]);
  ++lent_[size_class];
  return {bytes.release(), size_class, this};
}

void BlockPool::free_one(char* bytes) noexcept { const std::unique_ptr<char[]> last(bytes); }

}  // namespace holdfast
