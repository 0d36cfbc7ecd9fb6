// ListInRoom: the fields of a head in the order received.
//
// A parser writes into room that it asked for, so that a field costs one store and no check of its own. The memory is
// kept when the list is cleared: heads are used again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

namespace holdfast::http {

template <class Item>
class ListInRoom {
 public:
  ListInRoom() = default;
  ListInRoom(ListInRoom&& other) noexcept
      : items_(std::move(other.items_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  ListInRoom& operator=(ListInRoom&& other) noexcept {
    items_ = std::move(other.items_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }
  ListInRoom(const ListInRoom&) = delete;
  ListInRoom& operator=(const ListInRoom&) = delete;
  ~ListInRoom() = default;
  const Item* begin() const noexcept { return items_.get(); }
  const Item* end() const noexcept { return items_.get() + size_; }
  const Item* data() const noexcept { return items_.get(); }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const Item& operator[](std::size_t i) const noexcept { return items_[i]; }
  const Item& front() const noexcept { return items_[0]; }
  const Item& back() const noexcept { return items_[size_ - 1]; }
  void clear() noexcept { size_ = 0; }

  // Room for `count` more items behind the last; add() says how many of them were filled.
  Item* room(std::size_t count) {
    if (capacity_ - size_ < count) grow(count);
    return items_.get() + size_;
  }
  void add(std::size_t filled) noexcept { size_ += filled; }
  void push_back(const Item& item) {
    *room(1) = item;
    ++size_;
  }

 private:
  void grow(std::size_t count) {
    const std::size_t capacity = std::max(2 * capacity_, size_ + count);
    auto items = std::make_unique_for_overwrite<Item[]>(capacity);
    std::copy_n(items_.get(), size_, items.get());
    items_ = std::move(items);
    capacity_ = capacity;
  }

  std::unique_ptr<Item[]> items_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace holdfast::http
