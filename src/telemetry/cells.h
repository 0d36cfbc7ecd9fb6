// cells: the numbers behind /metrics, one slab per worker, each written by that worker alone and read by the scrape.
//
// A single writer needs no locked instruction: load, add, store, all relaxed. Cells never move; a slab grows by chunks,
// which the Registry adds before it hands out an id that lies in them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/clock.h"
#include "telemetry/families.h"

namespace holdfast::telemetry {

// Index of a cell in every slab; only a Registry makes them. 0 is a cell that is never shown.
struct CellId {
  std::uint32_t index = 0;
  friend constexpr bool operator==(CellId, CellId) = default;
};

// The first of histogram_cells contiguous cells; 0 as above.
struct HistogramId {
  std::uint32_t first = 0;
  friend constexpr bool operator==(HistogramId, HistogramId) = default;
};

class Slab {
 public:
  static constexpr std::uint32_t chunk_cells = 1024;
  static constexpr std::uint32_t chunks_max = 256;
  static constexpr std::uint32_t cells_max = chunk_cells * chunks_max;

  Slab() { grow(1); }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  // --- the worker that owns this slab ---
  void add(CellId id, std::uint64_t n = 1) noexcept { add_at(id.index, n); }
  void subtract(CellId id, std::uint64_t n = 1) noexcept { add_at(id.index, std::uint64_t{0} - n); }  // gauges
  void set(CellId id, std::uint64_t n) noexcept { cell(id.index).store(n, std::memory_order_relaxed); }
  void observe(HistogramId id, Duration value) noexcept {
    std::uint32_t bucket = 0;
    while (bucket < latency_bounds.size() && value > latency_bounds[bucket]) ++bucket;
    add_at(id.first + bucket, 1);
    add_at(id.first + histogram_cells - 1, value.count() > 0 ? static_cast<std::uint64_t>(value.count()) : 0);
  }

  // --- the registry ---
  std::uint64_t read(std::uint32_t index) const noexcept { return cell(index).load(std::memory_order_relaxed); }
  void grow(std::uint32_t cells) {
    for (std::uint32_t i = 0; i * chunk_cells < cells && i < chunks_max; ++i) {
      if (chunks_[i] == nullptr) chunks_[i] = std::make_unique<Chunk>();
    }
  }

 private:
  using Cell = std::atomic<std::uint64_t>;
  using Chunk = std::array<Cell, chunk_cells>;
  static_assert(Cell::is_always_lock_free);

  Cell& cell(std::uint32_t index) const noexcept { return (*chunks_[index / chunk_cells])[index % chunk_cells]; }
  void add_at(std::uint32_t index, std::uint64_t n) noexcept {
    Cell& c = cell(index);
    c.store(c.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  std::array<std::unique_ptr<Chunk>, chunks_max> chunks_;
};

}  // namespace holdfast::telemetry
