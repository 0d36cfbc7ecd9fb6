// The blocks of a worker: who owns one, and how many are kept.
#include "core/blocks.h"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

namespace holdfast {

TEST_CASE("blocks: each class has its size, and what is lent is counted until it comes back") {
  BlockPool pool;
  {
    const BlockRef small = pool.small();
    const BlockRef medium = pool.medium();
    const BlockRef large = pool.large();
    CHECK(small.size() == 4096);
    CHECK(medium.size() == 69'632);
    CHECK(large.size() == 266'240);
    std::memset(small.data(), 1, small.size());
    std::memset(large.data(), 1, large.size());
    CHECK(pool.in_use() == small.size() + medium.size() + large.size());
  }
  CHECK(pool.in_use() == 0);
}

TEST_CASE("blocks: the smallest class that holds the bytes is lent, and none for more than the largest") {
  BlockPool pool;
  CHECK(pool.at_least(0).size() == small_block);
  CHECK(pool.at_least(1).size() == small_block);
  CHECK(pool.at_least(small_block).size() == small_block);
  CHECK(pool.at_least(small_block + 1).size() == medium_block);
  CHECK(pool.at_least(medium_block + 1).size() == large_block);
  CHECK(pool.at_least(large_block + 1).size() == 2 * large_block);
  CHECK(!pool.at_least(2 * large_block + 1));
  CHECK(pool.in_use() == 0);
}

TEST_CASE("blocks: a block has one owner, wherever it moves") {
  BlockPool pool;
  BlockRef a = pool.small();
  const char* bytes = a.data();
  BlockRef b = std::move(a);
  // NOLINTNEXTLINE(bugprone-use-after-move,clang-analyzer-cplusplus.Move): empty, and that is what is checked
  CHECK(!a);
  CHECK(b.data() == bytes);
  BlockRef c = pool.medium();
  c = std::move(b);  // the medium one goes back
  CHECK(c.data() == bytes);
  CHECK(pool.in_use() == small_block);
  BlockRef& same = c;
  c = std::move(same);
  CHECK(c.data() == bytes);
  c.reset();
  c.reset();
  CHECK(!c);
  CHECK(pool.in_use() == 0);
}

TEST_CASE("blocks: a block that came back is lent again before a new one is made") {
  BlockPool pool;
  const char* bytes = nullptr;
  {
    const BlockRef first = pool.small();
    bytes = first.data();
  }
  CHECK(pool.small().data() == bytes);
  CHECK(pool.medium().data() != bytes);
}

TEST_CASE("blocks: when the reserve of large blocks is lent out, medium ones are lent, but a head still gets its own") {
  BlockPool pool;
  std::vector<BlockRef> lent;
  for (int i = 0; i < 16; ++i) {
    lent.push_back(pool.large());
    REQUIRE(lent.back().size() == large_block);
  }
  lent.push_back(pool.large());
  CHECK(lent.back().size() == medium_block);
  CHECK(pool.at_least(large_block).size() == large_block);
  lent.front().reset();
  CHECK(pool.large().size() == large_block);
}

TEST_CASE("blocks: a burst comes back in full, whatever is kept of it") {
  BlockPool pool;
  std::vector<BlockRef> lent;
  for (int i = 0; i < 300; ++i) lent.push_back(pool.small());
  CHECK(pool.in_use() == 300 * small_block);
  lent.clear();
  CHECK(pool.in_use() == 0);
  for (int i = 0; i < 300; ++i) lent.push_back(pool.small());
  CHECK(pool.in_use() == 300 * small_block);
}

}  // namespace holdfast
