// The outbox against a peer that takes as much as it is told to: order, borrowed blocks, and what is held.
#include "proxy/outbox.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <string>

namespace holdfast::proxy {
namespace {

// Takes `takes` bytes per write, one entry per call; everything once they are used up.
class Taker final : public net::Transport {
 public:
  void attach(net::TransportUser&) noexcept override {}
  net::Io read(char*, std::size_t) noexcept override { return {net::Io::State::blocked}; }
  net::Io write(std::span<const iovec> parts) noexcept override {
    ++writes;
    parts_most = std::max(parts_most, parts.size());
    if (lost) return {net::Io::State::lost};
    std::size_t left = SIZE_MAX;
    if (!takes.empty()) {
      left = takes.front();
      takes.pop_front();
    }
    if (left == 0) return {net::Io::State::blocked};
    std::size_t moved = 0;
    for (const iovec& part : parts) {
      const std::size_t n = std::min(left, part.iov_len);
      got.append(static_cast<const char*>(part.iov_base), n);
      moved += n;
      left -= n;
    }
    return {net::Io::State::ok, moved};
  }
  void want_read(bool) noexcept override {}
  void want_write(bool) noexcept override {}
  void shutdown_write() noexcept override {}
  void reset_on_close() noexcept override {}
  std::size_t undelivered() const noexcept override { return 0; }
  bool readable_now() noexcept override { return false; }

  std::deque<std::size_t> takes;
  std::string got;
  std::size_t writes = 0;
  std::size_t parts_most = 0;
  bool lost = false;
};

std::string filled(std::size_t size, char first) {
  std::string text(size, first);
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(first + static_cast<char>(i % 7));
  return text;
}

// A block that holds `text` and nothing else.
BlockRef block_of(BlockPool& pool, std::string_view text) {
  BlockRef block = pool.at_least(text.size());
  std::copy(text.begin(), text.end(), block.data());
  return block;
}

}  // namespace

TEST_CASE("outbox: nothing to send is all sent, without a write") {
  BlockPool pool;
  Outbox out(pool);
  Taker peer;
  out.content({});
  CHECK(out.flush(peer) == Outbox::Flushed::all);
  CHECK(peer.writes == 0);
}

TEST_CASE("outbox: a head and small content behind it are one range in one write") {
  BlockPool pool;
  Outbox out(pool);
  Taker peer;
  char* at = out.reserve(5, 8000);
  out.commit(std::copy_n("head:", 5, at));
  const std::string content = filled(8000, 'a');
  out.content({content});
  out.append("!");
  CHECK(out.size() == 8006);
  CHECK(out.flush(peer) == Outbox::Flushed::all);
  CHECK(peer.writes == 1);
  CHECK(peer.parts_most == 1);
  CHECK(peer.got == "head:" + content + "!");
  CHECK(out.written() == 8006);
  CHECK(pool.in_use() == 0);
}

TEST_CASE("outbox: pieces arrive in order however little a write takes") {
  for (const std::size_t take : {1UL, 3UL, 4095UL, 4096UL, 9000UL}) {
    CAPTURE(take);
    BlockPool pool;
    Outbox out(pool);
    Taker peer;
    std::string expected;
    for (int i = 0; i < 4; ++i) {
      const std::string piece = "<" + std::to_string(i) + ">";
      const std::string large = filled(9000, static_cast<char>('a' + i));
      out.append(piece);
      out.content({large});
      expected += piece + large;
      peer.takes = {take};
      CHECK(out.flush(peer) == Outbox::Flushed::blocked);  // afterwards `large` may die
      CHECK(out.written() == peer.got.size());
      CHECK(out.size() == expected.size() - peer.got.size());
    }
    peer.takes.assign(expected.size() / take, take);
    while (out.flush(peer) == Outbox::Flushed::blocked) {
    }
    CHECK(peer.got == expected);
    CHECK(out.empty());
    CHECK(out.written() == expected.size());
    CHECK(pool.in_use() == 0);
  }
}

TEST_CASE("outbox: what is taken at once stays with its owner") {
  BlockPool pool;
  Outbox out(pool);
  Taker peer;
  const std::string text = filled(60'000, 'a');
  BlockRef input = block_of(pool, text);
  out.content({{input.data(), text.size()}, &input});
  CHECK(out.flush(peer) == Outbox::Flushed::all);
  CHECK(input);
  CHECK(peer.got == text);
  CHECK(pool.in_use() == medium_block);
}

TEST_CASE("outbox: a block whose bytes were not all taken changes its owner, and is not copied") {
  for (const std::size_t take : {0UL, 1UL, 59'999UL}) {
    CAPTURE(take);
    BlockPool pool;
    Outbox out(pool);
    Taker peer;
    const std::string text = filled(60'000, 'a');
    BlockRef input = block_of(pool, text);
    out.content({{input.data(), text.size()}, &input});
    peer.takes = {take};
    CHECK(out.flush(peer) == Outbox::Flushed::blocked);
    CHECK(!input);
    CHECK(pool.in_use() == medium_block);
    input = pool.medium();  // what the reader reads into next
    std::fill_n(input.data(), input.size(), '#');
    CHECK(out.flush(peer) == Outbox::Flushed::all);
    CHECK(peer.got == text);
    CHECK(pool.in_use() == medium_block);
  }
}

TEST_CASE("outbox: two runs of one block are both kept, though only the first can take it over") {
  BlockPool pool;
  Outbox out(pool);
  Taker peer;
  const std::string text = filled(60'000, 'a');
  BlockRef input = block_of(pool, text);
  out.content({{input.data(), 20'000}, &input});
  out.content({{input.data() + 30'000, 20'000}, &input});
  peer.takes = {100};
  CHECK(out.flush(peer) == Outbox::Flushed::blocked);
  CHECK(!input);
  peer.takes = {25'000};  // the block goes back, the copy stays
  CHECK(out.flush(peer) == Outbox::Flushed::blocked);
  CHECK(out.flush(peer) == Outbox::Flushed::all);
  CHECK(peer.got == text.substr(0, 20'000) + text.substr(30'000, 20'000));
  CHECK(pool.in_use() == 0);
}

TEST_CASE("outbox: bytes without an owner are copied, and only those not taken") {
  BlockPool pool;
  Outbox out(pool);
  Taker peer;
  std::string text = filled(100'000, 'a');
  const std::string expected = text;
  out.content({text});
  CHECK(pool.in_use() == 0);
  peer.takes = {97'000};
  CHECK(out.flush(peer) == Outbox::Flushed::blocked);
  CHECK(pool.in_use() == small_block);
  text.assign(text.size(), '#');
  CHECK(out.flush(peer) == Outbox::Flushed::all);
  CHECK(peer.got == expected);
}

TEST_CASE("outbox: a blocked flush keeps, and the next one begins where it ended") {
  BlockPool pool;
  Outbox out(pool);
  Taker peer;
  out.append("hello");
  peer.takes = {0, 0, 2};
  CHECK(out.flush(peer) == Outbox::Flushed::blocked);
  CHECK(out.flush(peer) == Outbox::Flushed::blocked);
  CHECK(out.written() == 0);
  CHECK(out.flush(peer) == Outbox::Flushed::blocked);
  CHECK(out.written() == 2);
  out.append(" world");  // into what is left of the block
  CHECK(out.flush(peer) == Outbox::Flushed::all);
  CHECK(peer.got == "hello world");
}

TEST_CASE("outbox: more runs than one write can carry are all sent, eight at a time") {
  BlockPool pool;
  Outbox out(pool);
  Taker peer;
  std::string expected;
  std::deque<std::string> runs;
  for (int i = 0; i < 21; ++i) {
    runs.push_back(filled(8193 + static_cast<std::size_t>(i), 'a'));
    expected += runs.back();
    out.content({runs.back()});
  }
  CHECK(out.flush(peer) == Outbox::Flushed::all);
  CHECK(peer.writes == 3);
  CHECK(peer.parts_most == 8);
  CHECK(peer.got == expected);
  CHECK(out.written() == expected.size());
}

TEST_CASE("outbox: a write that ends inside the fifth of many runs loses nothing") {
  BlockPool pool;
  Outbox out(pool);
  Taker peer;
  std::string expected;
  std::deque<std::string> runs;
  for (int i = 0; i < 12; ++i) {
    runs.push_back(filled(10'000, static_cast<char>('a' + i)));
    expected += runs.back();
    out.content({runs.back()});
  }
  peer.takes = {45'000};
  CHECK(out.flush(peer) == Outbox::Flushed::blocked);
  runs.clear();
  CHECK(out.flush(peer) == Outbox::Flushed::all);
  CHECK(peer.got == expected);
  CHECK(pool.in_use() == 0);
}

TEST_CASE("outbox: a lost peer leaves nothing behind") {
  BlockPool pool;
  Outbox out(pool);
  Taker peer;
  const std::string large = filled(9000, 'a');
  out.append("head");
  out.content({large});
  peer.takes = {10};
  CHECK(out.flush(peer) == Outbox::Flushed::blocked);
  peer.lost = true;
  CHECK(out.flush(peer) == Outbox::Flushed::lost);
  CHECK(out.empty());
  CHECK(out.written() == 0);
  CHECK(pool.in_use() == 0);
  CHECK(out.flush(peer) == Outbox::Flushed::all);
}

}  // namespace holdfast::proxy
