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
  Segment fresh;
  fresh.block = pool_.at_least(std::max(size + (soon <= copy_below ? soon : 0), small_block / 2));
  HOLDFAST_CHECK(fresh.block);
  fresh.begin = fresh.block.data();
  segments_.push_back(std::move(fresh));
  return segments_.back().block.data();
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
    std::array<iovec, 8> parts{};
    const std::size_t count = std::min(parts.size(), segments_.size());
    std::size_t offered = 0;
    for (std::size_t i = 0; i < count; ++i) {
      parts[i] = {const_cast<char*>(segments_[i].begin), segments_[i].size};
      offered += segments_[i].size;
    }
    const net::Io io = transport.write({parts.data(), count});
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

void Outbox::keep_borrowed() {
  std::vector<Segment> kept;
  for (Segment& segment : segments_) {
    if (!segment.block && segment.owner != nullptr && *segment.owner) segment.block = std::move(*segment.owner);
    if (segment.block) {
      kept.push_back(std::move(segment));
      continue;
    }
    for (std::string_view left(segment.begin, segment.size); !left.empty();) {
      const std::string_view part = left.substr(0, large_block);
      Segment copy{.block = pool_.at_least(part.size()), .size = part.size()};
      std::memcpy(copy.block.data(), part.data(), part.size());
      copy.begin = copy.block.data();
      kept.push_back(std::move(copy));
      left.remove_prefix(part.size());
    }
  }
  segments_ = std::move(kept);
}

void Outbox::clear() noexcept {
  segments_.clear();
  size_ = written_ = 0;
}

}  // namespace holdfast::proxy
