#include "core/shared_limits.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <type_traits>

namespace holdfast {
namespace {

constexpr std::uint64_t mix(std::uint64_t x) noexcept {  // the finaliser of SplitMix64
  x ^= x >> 30U;
  x *= 0xbf58476d1ce4e5b9U;
  x ^= x >> 27U;
  x *= 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

// Held for a few dozen instructions; the yield bounds the harm when the holder is preempted.
class Spin {
 public:
  explicit Spin(std::uint32_t& flag) noexcept : flag_(flag) {
    for (int tries = 0; flag_.exchange(1, std::memory_order_acquire) != 0; ++tries) {
      if (tries >= 64) std::this_thread::yield();
    }
  }
  ~Spin() { flag_.store(0, std::memory_order_release); }
  Spin(const Spin&) = delete;
  Spin& operator=(const Spin&) = delete;

 private:
  std::atomic_ref<std::uint32_t> flag_;
};

}  // namespace

LimitKey limit_key(std::uint64_t seed, const void* bytes, std::size_t size) noexcept {
  const auto* p = static_cast<const unsigned char*>(bytes);
  std::uint64_t h = mix(seed ^ (size * 0x9e3779b97f4a7c15U));
  while (size != 0) {
    std::uint64_t word = 0;
    const std::size_t n = std::min<std::size_t>(size, 8);
    std::memcpy(&word, p, n);
    h = mix(h ^ mix(word ^ seed)) + 0x9e3779b97f4a7c15U;
    p += n;
    size -= n;
  }
  return {h == 0 ? 1 : h};
}

// Two ways for each key that must fit: buckets fill unevenly.
RateTable::RateTable(std::uint32_t keys_max)
    : bucket_count_(std::bit_ceil(std::max<std::size_t>(1, keys_max * std::size_t{2} / ways))),
      buckets_(map(bucket_count_)) {}

RateTable::Buckets RateTable::map(std::size_t count) {
  static_assert(std::is_trivial_v<Bucket>);  // mapping makes them
  const std::size_t bytes = count * sizeof(Bucket);
  void* const pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::runtime_error("no memory for the table of request rates");
  return {static_cast<Bucket*>(pages), Unmap{bytes}};
}

void RateTable::Unmap::operator()(Bucket* buckets) const noexcept { ::munmap(buckets, bytes); }

RateTable::Verdict RateTable::ask(LimitKey key, TimePoint now, Rate rate, std::uint32_t burst) noexcept {
  const std::int64_t now_ns = now.time_since_epoch().count();
  const auto interval_ns =
      static_cast<std::int64_t>(1'000'000'000'000U / std::max<std::uint64_t>(1, rate.per_1000_seconds));
  const std::int64_t tolerance_ns = interval_ns * std::max<std::int64_t>(0, static_cast<std::int64_t>(burst) - 1);

  Bucket& bucket = buckets_[key.bits & (bucket_count_ - 1)];
  const Spin lock(bucket.locked);
  std::size_t way = ways;
  std::size_t oldest = 0;
  for (std::size_t i = 0; i < ways; ++i) {
    if (bucket.keys[i] == key.bits) {
      way = i;
      break;
    }
    if (bucket.arrival_ns[i] < bucket.arrival_ns[oldest]) oldest = i;
  }
  if (way == ways) {
    way = oldest;
    if (bucket.keys[way] != 0 && bucket.arrival_ns[way] > now_ns) evictions_.fetch_add(1, std::memory_order_relaxed);
    bucket.keys[way] = key.bits;
    bucket.arrival_ns[way] = now_ns;
  }
  const std::int64_t arrival = std::max(bucket.arrival_ns[way], now_ns);
  if (arrival - now_ns > tolerance_ns) return {false, Duration(arrival - now_ns - tolerance_ns)};
  bucket.arrival_ns[way] = arrival + interval_ns;
  return {};
}

bool ClientCounts::try_take(LimitKey key, std::uint32_t limit) {
  const std::lock_guard lock(mutex_);
  std::uint32_t& count = counts_[key.bits];
  if (count >= limit) return false;
  ++count;
  return true;
}

void ClientCounts::give(LimitKey key) {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(key.bits);
  if (found != counts_.end() && --found->second == 0) counts_.erase(found);
}

std::size_t ClientCounts::clients() const {
  const std::lock_guard lock(mutex_);
  return counts_.size();
}

}  // namespace holdfast
