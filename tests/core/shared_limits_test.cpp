// Limits of the process: exact, whichever thread asks.
#include "core/shared_limits.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

namespace holdfast {
using namespace std::chrono_literals;

namespace {

constexpr TimePoint start{1000h};
constexpr Rate per_second(std::uint64_t n) { return Rate{n * 1000}; }

int allowed(RateTable& table, LimitKey key, TimePoint now, Rate rate, std::uint32_t burst, int asked) {
  int n = 0;
  for (int i = 0; i < asked; ++i) n += table.ask(key, now, rate, burst).allowed ? 1 : 0;
  return n;
}

}  // namespace

TEST_CASE("rates: a burst comes at once, then one request every 1/rate, to the nanosecond") {
  RateTable table(100);
  const LimitKey key{42};
  CHECK(allowed(table, key, start, per_second(10), 5, 20) == 5);
  CHECK(allowed(table, key, start + 100ms - 1ns, per_second(10), 5, 20) == 0);
  CHECK(allowed(table, key, start + 100ms, per_second(10), 5, 20) == 1);
  CHECK(allowed(table, key, start + 350ms, per_second(10), 5, 20) == 2);  // at 200 and 300 ms
  CHECK(allowed(table, key, start + 10s, per_second(10), 5, 20) == 5);    // the whole burst, and no more
}

TEST_CASE("rates: over a long time exactly burst plus rate requests pass") {
  RateTable table(100);
  int passed = 0;
  for (int ms = 0; ms <= 60'000; ++ms) {  // far more than are allowed
    passed += table.ask({7}, start + std::chrono::milliseconds(ms), per_second(50), 20).allowed ? 1 : 0;
  }
  CHECK(passed == 20 + 60 * 50);
}

TEST_CASE("rates: fractions of a request per second are exact too") {
  RateTable table(100);
  CHECK(allowed(table, {7}, start, Rate{500}, 1, 5) == 1);
  CHECK(allowed(table, {7}, start + 2s - 1ns, Rate{500}, 1, 5) == 0);
  CHECK(allowed(table, {7}, start + 2s, Rate{500}, 1, 5) == 1);
}

TEST_CASE("rates: who is refused is told when to come again, and is served then") {
  RateTable table(100);
  const LimitKey key{9};
  CHECK(allowed(table, key, start, per_second(4), 2, 2) == 2);
  const RateTable::Verdict no = table.ask(key, start + 50ms, per_second(4), 2);
  CHECK(!no.allowed);
  CHECK(no.retry_after == 200ms);
  CHECK(!table.ask(key, start + 250ms - 1ns, per_second(4), 2).allowed);  // asking does not move it
  CHECK(table.ask(key, start + 250ms, per_second(4), 2).allowed);
}

TEST_CASE("rates: keys do not share, and a burst of 0 counts as 1") {
  RateTable table(100);
  CHECK(allowed(table, {1}, start, per_second(1), 3, 10) == 3);
  CHECK(allowed(table, {2}, start, per_second(1), 3, 10) == 3);
  CHECK(allowed(table, {3}, start, per_second(1), 0, 10) == 1);
}

TEST_CASE("rates: a clock that stands still or is a little behind gives nothing away") {
  RateTable table(100);
  CHECK(allowed(table, {1}, start, per_second(1), 3, 10) == 3);
  CHECK(allowed(table, {1}, start - 1s, per_second(1), 3, 10) == 0);
}

TEST_CASE("rates: forgetting a key that has its burst again is free, forgetting any other is counted") {
  RateTable table(4);  // one bucket of eight
  for (std::uint64_t key = 1; key <= 8; ++key) CHECK(table.ask({key}, start, per_second(1), 1).allowed);
  CHECK(table.evictions() == 0);
  for (std::uint64_t key = 11; key <= 18; ++key) CHECK(table.ask({key}, start + 1s, per_second(1), 1).allowed);
  CHECK(table.evictions() == 0);
  CHECK(table.ask({21}, start + 1s, per_second(1), 1).allowed);
  CHECK(table.evictions() == 1);
  CHECK(table.ask({22}, start + 1s, per_second(1), 1).allowed);
  CHECK(table.evictions() == 2);
}

TEST_CASE("rates: who is evicted is the one that has its burst again first") {
  RateTable table(4);
  CHECK(allowed(table, {1}, start, per_second(1), 5, 1) == 1);
  for (std::uint64_t key = 2; key <= 8; ++key) CHECK(allowed(table, {key}, start, per_second(1), 5, 5) == 5);
  CHECK(table.ask({9}, start, per_second(1), 5).allowed);
  CHECK(table.evictions() == 1);
  CHECK(allowed(table, {2}, start, per_second(1), 5, 5) == 0);  // still known
}

TEST_CASE("rates: the configured number of keys fits with hardly an eviction") {
  RateTable table(1000);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const LimitKey key = limit_key(1, &i, sizeof i);
    CHECK(table.ask(key, start, per_second(1), 1).allowed);
  }
  CHECK(table.evictions() < 20);
  for (std::uint64_t i = 1000; i < 20'000; ++i)
    static_cast<void>(table.ask(limit_key(1, &i, sizeof i), start, per_second(1), 1));
  CHECK(table.evictions() > 20'000 - 4096);  // the table does not grow
}

TEST_CASE("rates: four threads together get exactly the burst") {
  RateTable table(100);
  std::array<int, 4> passed{};
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int& n : passed) {
    threads.emplace_back([&table, &n] { n = allowed(table, {5}, start, per_second(1), 1000, 2000); });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(passed[0] + passed[1] + passed[2] + passed[3] == 1000);
}

TEST_CASE("keys: equal bytes have equal keys, others do not, and the seed decides which") {
  std::unordered_set<std::uint64_t> seen;
  for (std::uint32_t i = 0; i < 10'000; ++i) seen.insert(limit_key(3, &i, sizeof i).bits);
  CHECK(seen.size() == 10'000);
  CHECK(!seen.contains(0));
  const std::string text = "192.0.2.1";
  const auto key = [&text](std::uint64_t seed, std::size_t size) { return limit_key(seed, text.data(), size).bits; };
  CHECK(key(1, 9) == key(1, 9));
  CHECK(key(1, 9) != key(2, 9));
  CHECK(key(1, 9) != key(1, 8));
  CHECK(key(1, 0) != 0);
  const std::string zeros(16, '\0');  // the length counts, not the padding
  CHECK(limit_key(1, zeros.data(), 3).bits != limit_key(1, zeros.data(), 4).bits);
}

TEST_CASE("slots: as many as the limit, and report mode takes beyond it") {
  Slots slots;
  CHECK(slots.try_take(2));
  CHECK(slots.try_take(2));
  CHECK(!slots.try_take(2));
  slots.take();
  CHECK(slots.in_use() == 3);
  slots.give();
  CHECK(!slots.try_take(2));  // a limit that was lowered, or was passed, lets nobody in before enough have left
  slots.give();
  CHECK(slots.try_take(2));
  CHECK(!slots.try_take(0));
}

TEST_CASE("slots: four threads never hold more than the limit, and leave none behind") {
  constexpr std::uint32_t limit = 3;
  Slots slots;
  std::atomic<std::uint32_t> inside{0};
  std::atomic<std::uint32_t> most{0};
  std::atomic<std::uint64_t> taken{0};
  const auto work = [&] {
    for (int i = 0; i < 20'000; ++i) {
      if (!slots.try_take(limit)) continue;
      const std::uint32_t now = inside.fetch_add(1) + 1;
      std::uint32_t before = most.load();
      while (before < now && !most.compare_exchange_weak(before, now)) {
      }
      if (i % 64 == 0) std::this_thread::yield();
      taken.fetch_add(1);
      inside.fetch_sub(1);
      slots.give();
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  CHECK(most.load() <= limit);
  CHECK(taken.load() > 0);
  CHECK(slots.in_use() == 0);
}

TEST_CASE("client counts: each client has its own, and one without connections is forgotten") {
  ClientCounts counts;
  CHECK(counts.try_take({1}, 2));
  CHECK(counts.try_take({1}, 2));
  CHECK(!counts.try_take({1}, 2));
  CHECK(counts.try_take({2}, 2));
  CHECK(counts.clients() == 2);
  counts.give({1});
  CHECK(counts.try_take({1}, 2));
  counts.give({2});
  CHECK(counts.clients() == 1);
  counts.give({1});
  counts.give({1});
  CHECK(counts.clients() == 0);
  counts.give({1});  // one too many is none
  CHECK(counts.clients() == 0);
  CHECK(!counts.try_take({3}, 0));
}

}  // namespace holdfast
