// metrics: which series exist, which cell each one has, and the text of /metrics.
//
// Ids are looked up when a snapshot is built, or by a worker that meets a combination of method and status for the
// first time; never per request. The number of series is bounded: every configured route has a reserve, `unmatched` has
// at most 64, and what finds no room is counted under route="other". All functions of Registry take its mutex and may
// be called from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/failure.h"
#include "telemetry/cells.h"
#include "telemetry/families.h"

namespace holdfast::telemetry {

// In the order of http::Method; unknown methods are one label, never client text.
inline constexpr std::array<std::string_view, 10> method_labels{"GET",   "HEAD",    "POST",    "PUT",   "DELETE",
                                                                "PATCH", "OPTIONS", "CONNECT", "TRACE", "_OTHER"};

// How seriesMax is divided. A route's reserve holds its histogram and 23 combinations of method, status and failure; it
// may use spare ones too.
inline constexpr std::uint32_t series_fixed = 128;  // everything that has no route label
inline constexpr std::uint32_t series_unmatched = 64;
inline constexpr std::uint32_t series_other = 64;
inline constexpr std::uint32_t series_per_route = 40;

// Whether `routes` configured routes have their reserve within `series_max`; `check` refuses a list that has not.
constexpr bool routes_fit(std::uint64_t routes, std::uint64_t series_max) noexcept {
  return series_fixed + series_unmatched + series_other + routes * series_per_route <= series_max;
}

struct Series {
  Family family = Family::requests;
  std::vector<std::string> labels;
  std::uint32_t first = 0;  // cell
  bool hidden = false;      // its route is configured no more
};

class Registry {
 public:
  Registry(std::size_t workers, std::uint32_t series_max);
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  Slab& slab(std::size_t worker) noexcept { return *slabs_[worker]; }

  // The routes of a new snapshot (`unmatched` and `other` need not be named). Series of routes that went are no longer
  // shown, but keep their cells for exchanges under way, and their values for the case that the route comes back.
  void set_routes(const std::vector<std::string>& routes, std::uint32_t series_max);

  // The cell of a series, made at its first call; as many labels as the family has. For families with a `route` label
  // the budget decides, see above; the others are for label values that the program itself chooses.
  CellId cell(Family family, std::initializer_list<std::string_view> labels = {});
  HistogramId histogram(Family family, std::initializer_list<std::string_view> labels = {});

  // For numbers that no worker keeps: set at a change, or right before expose(). Counters kept elsewhere are set too.
  void set(CellId id, std::uint64_t value);
  void set(Family family, std::initializer_list<std::string_view> labels, std::uint64_t value) {
    set(cell(family, labels), value);
  }
  void add(CellId id, std::uint64_t n = 1);
  // An *_info series: these labels at 1, whatever the family showed before is gone.
  void set_info(Family family, std::initializer_list<std::string_view> labels);

  // The body of GET /metrics, `text/plain; version=0.0.4`, with the process metrics read now.
  std::string expose();

  // Series shown now, histograms counted by their lines; without process metrics.
  std::uint32_t series() const;

 private:
  friend class CellFamilies;  // exposition.cpp
  using Labels = std::vector<std::string>;
  using Cells = std::map<std::pair<Family, Labels>, std::uint32_t>;

  struct Budget {
    std::uint32_t allowed = 0;  // reserved for this route
    std::uint32_t used = 0;
    bool may_use_spare = false;
  };

  std::uint32_t find_or_make(Family family, Labels labels);  // under mutex_, as all below
  std::uint32_t make(Family family, Labels labels);
  static std::uint32_t beyond_reserve(const Budget& budget, std::uint32_t series) noexcept;
  Budget* budget_for(std::string_view route, std::uint32_t series);
  void spend(Budget& budget, std::uint32_t series) noexcept;
  std::uint32_t fold(Family family, Labels labels, std::size_t route_at);
  std::uint64_t combined(const FamilyRow& family, std::uint32_t index) const;

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Slab>> slabs_;   // one per worker; the last is written under mutex_
  std::uint32_t next_cell_ = histogram_cells;  // behind the cells that are never shown
  std::uint32_t spare_ = 0;
  std::map<std::string, Budget, std::less<>> budgets_;
  std::deque<Series> list_;
  Cells cells_;
  double start_time_seconds_ = 0;
};

// One worker's cells of one route. The first exchange with a method and status asks the Registry; later ones find the
// id in a small table of the worker's own.
class RouteCells {
 public:
  RouteCells(Registry& registry, std::string route);

  // `method`: index into method_labels. `status`: what the client was sent.
  CellId request(std::uint8_t method, std::uint16_t status) {
    const std::uint32_t key = key_of(method, status);
    for (std::size_t i = slot_of(key);; i = (i + 1) & (requests_.size() - 1)) {
      if (requests_[i].key == key) return requests_[i].cell;
      if (requests_[i].key == 0) return learn(method, status);
    }
  }
  CellId failure(Reason reason) {
    const CellId known = failures_[static_cast<std::size_t>(reason)];
    return known.index != 0 ? known : learn(reason);
  }
  HistogramId duration() const noexcept { return duration_; }
  const std::string& route() const noexcept { return route_; }

 private:
  struct Entry {
    std::uint32_t key = 0;  // 0: empty
    CellId cell;
  };
  static std::uint32_t key_of(std::uint8_t method, std::uint16_t status) noexcept {
    return (std::uint32_t{status} << 8U | method) + 1;
  }
  std::size_t slot_of(std::uint32_t key) const noexcept { return (key ^ key >> 8U) & (requests_.size() - 1); }
  void insert(const Entry& entry);
  CellId learn(std::uint8_t method, std::uint16_t status);
  CellId learn(Reason reason);

  Registry* registry_;
  std::string route_;
  HistogramId duration_;
  std::vector<Entry> requests_;  // open addressing, at most half full, a power of two
  std::size_t known_ = 0;
  std::array<CellId, reason_count> failures_{};
};

}  // namespace holdfast::telemetry
