#include "proxy/outbox.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/check.h"

namespace holdfast::proxy {

char* Outbox::reserve(std::size_t size, std::size_t soon) {
  if (!segments_.empty()) {
    const Segment& tail = segments_.back();
    if (tail.block && tail.begin + tail.size + size <= tail.block.data() + tail.block.size()) {
      return tail.block.data() + (tail.begin - tail.block.data()) + tail.size;
    }
  }
  BlockRef block = pool_.at_least(std::max(size + (soon <= copy_below ? soon : 0), small_block / 2));
  HOLDFAST_CHECK(block);
  char* const begin = block.data();
  segments_.push_back({.block = std::move(block), .begin = begin});
  return begin;
}

void Outbox::commit(const char* end) noexcept {
  Segment& tail = segments_.back();
  const std::size_t added = static_cast<std::size_t>(end - tail.begin) - tail.size;
  tail.size += added;
  size_ += added;
}

void Outbox::append(std::string_view bytes) {
  char* out = reserve(bytes.size());
  std::memcpy(out, bytes.data(), bytes.size());
  commit(out + bytes.size());
}

void Outbox::content(Content content) {
  if (content.bytes.empty()) return;
  if (content.bytes.size() <= copy_below && !segments_.empty()) {
    const Segment& tail = segments_.back();
    const bool fits =
        tail.block && tail.begin + tail.size + content.bytes.size() <= tail.block.data() + tail.block.size();
    if (fits) return append(content.bytes);
  }
  segments_.push_back({{}, content.bytes.data(), content.bytes.size(), content.owner});
  size_ += content.bytes.size();
}

Outbox::Flushed Outbox::flush(net::Transport& transport) {
  while (size_ != 0) {
    std::array<iovec, 8> parts;  // NOLINT(cppcoreguidelines-pro-type-member-init): only what is filled in is read
    const std::size_t count = std::min(parts.size(), segments_.size());
    std::size_t offered = 0;
    for (std::size_t i = 0; i < count; ++i) {
      parts[i] = {const_cast<char*>(segments_[i].begin), segments_[i].size};
      offered += segments_[i].size;
    }
    const net::Io io = transport.write({parts.data(), count});
    if (io.state == net::Io::State::ok && io.bytes == size_) {
      written_ += io.bytes;
      size_ = 0;
      segments_.clear();
      return Flushed::all;
    }
    if (io.state == net::Io::State::lost || io.state == net::Io::State::end) {
      clear();
      return Flushed::lost;
    }
    if (io.state == net::Io::State::ok) drop_written(io.bytes);
    if (io.state == net::Io::State::blocked || io.bytes < offered) {
      keep_borrowed();
      return Flushed::blocked;
    }
  }
  return Flushed::all;
}

void Outbox::drop_written(std::size_t bytes) noexcept {
  size_ -= bytes;
  written_ += bytes;
  std::size_t gone = 0;
  while (gone < segments_.size() && bytes >= segments_[gone].size) bytes -= segments_[gone++].size;
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(gone));
  if (bytes == 0) return;
  segments_.front().begin += bytes;
  segments_.front().size -= bytes;
}

// In place: when memory runs out in the middle, every segment is still what it was.
void Outbox::keep_borrowed() {
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (segments_[i].block) continue;
    if (BlockRef* owner = segments_[i].owner; owner != nullptr && *owner) {
      segments_[i].block = std::move(*owner);
      continue;
    }
    const std::size_t size = std::min(segments_[i].size, large_block);
    BlockRef copy = pool_.at_least(size);
    if (size < segments_[i].size) {
      Segment rest{.begin = segments_[i].begin + size, .size = segments_[i].size - size};
      segments_.insert(segments_.begin() + static_cast<std::ptrdiff_t>(i + 1), std::move(rest));
    }
    Segment& segment = segments_[i];
    std::memcpy(copy.data(), segment.begin, size);
    segment.block = std::move(copy);
    segment.begin = segment.block.data();
    segment.size = size;
  }
}

void Outbox::clear() noexcept {
  segments_.clear();
  size_ = written_ = 0;
}

}  // namespace holdfast::proxy
