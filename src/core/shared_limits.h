// shared_limits: the counters that make limits exact for the process, whatever the number of workers.
//
// They live outside the configuration snapshot, so a reload changes a limit but never what is in use. Every function
// may be called from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "core/clock.h"
#include "core/units.h"

namespace holdfast {

// A number of equal slots, of which at most `limit` may be taken.
class Slots {
 public:
  // False, and nothing is taken, when `limit` are in use.
  [[nodiscard]] bool try_take(std::uint32_t limit) noexcept {
    std::uint32_t used = used_.load(std::memory_order_seq_cst);  // ordered with the queue of who waits
    while (used < limit) {
      if (used_.compare_exchange_weak(used, used + 1, std::memory_order_seq_cst, std::memory_order_relaxed))
        return true;
    }
    return false;
  }
  void take() noexcept { used_.fetch_add(1, std::memory_order_seq_cst); }  // beyond any limit: report mode
  void give() noexcept { used_.fetch_sub(1, std::memory_order_seq_cst); }
  std::uint32_t in_use() const noexcept { return used_.load(std::memory_order_seq_cst); }

 private:
  std::atomic<std::uint32_t> used_{0};
};

// Identifies a client (or whatever a limit is kept per) in 64 bits; 0 is never used. Collisions share a limit.
struct LimitKey {
  std::uint64_t bits = 1;
};
// SipHash-like mixing with a seed of the process, so that nobody can choose colliding keys.
LimitKey limit_key(std::uint64_t seed, const void* bytes, std::size_t size) noexcept;

// Request rates per key: GCRA (one theoretical arrival time per key) in a table of fixed size. A key that is idle long
// enough to have its whole burst again costs nothing to forget; forgetting any other is an eviction and is counted.
class RateTable {
 public:
  explicit RateTable(std::uint32_t keys_max);

  struct Verdict {
    bool allowed = true;
    Duration retry_after{};  // when not allowed: until the next request would be
  };
  // One request of `key` at `now`. `burst` requests may come at once; afterwards one every 1/rate.
  Verdict ask(LimitKey key, TimePoint now, Rate rate, std::uint32_t burst) noexcept;
  std::uint64_t evictions() const noexcept { return evictions_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t ways = 8;
  // Begins as the zeros of a fresh page: without initialisers, so that what is never asked for takes no memory.
  struct alignas(64) Bucket {
    std::uint32_t locked;
    std::uint64_t keys[ways];
    std::int64_t arrival_ns[ways];  // theoretical arrival time
  };
  struct Unmap {
    std::size_t bytes;
    void operator()(Bucket* buckets) const noexcept;
  };
  using Buckets = std::unique_ptr<Bucket[], Unmap>;
  static Buckets map(std::size_t count);

  std::size_t bucket_count_;
  Buckets buckets_;
  std::atomic<std::uint64_t> evictions_{0};
};

// Connections per client. Used at accept and close only, hence a plain mutex; bounded by the connection limit.
class ClientCounts {
 public:
  // Takes one for `key` unless it has `limit` already.
  [[nodiscard]] bool try_take(LimitKey key, std::uint32_t limit);
  void give(LimitKey key);
  std::size_t clients() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::uint32_t> counts_;
};

}  // namespace holdfast
