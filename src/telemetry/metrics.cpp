// metrics: series and their budget. The text of /metrics is in exposition.cpp.
#include "telemetry/metrics.h"

#include <algorithm>
#include <utility>

#include "core/bytes.h"
#include "core/clock.h"

namespace holdfast::telemetry {
namespace {

constexpr std::size_t no_route = FamilyRow::labels_max;

std::size_t route_label_of(const FamilyRow& family) noexcept {
  const auto found = std::find(family.labels.begin(), family.labels.end(), "route");
  return static_cast<std::size_t>(found - family.labels.begin());
}

std::uint32_t series_of(const FamilyRow& family) noexcept {
  return family.kind == FamilyKind::histogram ? histogram_series : 1;
}
std::uint32_t cells_of(const FamilyRow& family) noexcept {
  return family.kind == FamilyKind::histogram ? histogram_cells : 1;
}

bool is_info(Family family) noexcept { return family == Family::config_reload_info || family == Family::build_info; }

}  // namespace

Registry::Registry(std::size_t workers, std::uint32_t series_max) {
  for (std::size_t i = 0; i < workers + 1; ++i) slabs_.push_back(std::make_unique<Slab>());
  start_time_seconds_ = std::chrono::duration<double>(wall_now().time_since_epoch()).count();
  set_routes({}, series_max);
  for (std::size_t i = 0; i < families.size(); ++i) {
    const auto family = static_cast<Family>(i);
    if (families[i].label_count() == 0) cell(family);  // shown as 0 from the start
  }
}

void Registry::set_routes(const std::vector<std::string>& routes, std::uint32_t series_max) {
  const std::scoped_lock lock(mutex_);
  for (auto& [name, budget] : budgets_) budget = {0, budget.used, false};
  budgets_["other"].allowed = series_other;
  budgets_["unmatched"].allowed = series_unmatched;
  constexpr std::uint32_t always = series_fixed + series_other + series_unmatched;
  spare_ = series_max - std::min(series_max, always);
  for (const std::string& route : routes) {
    Budget& budget = budgets_[route];
    if (budget.allowed != 0) continue;
    budget.allowed = std::min(spare_, series_per_route);
    budget.may_use_spare = true;
    spare_ -= budget.allowed;
  }
  for (const auto& [name, budget] : budgets_) {
    if (budget.may_use_spare) spare_ -= std::min(spare_, budget.used - std::min(budget.used, budget.allowed));
  }
  for (Series& series : list_) {
    const std::size_t route_at = route_label_of(row(series.family));
    series.hidden = route_at != no_route && budgets_[series.labels[route_at]].allowed == 0;
  }
}

CellId Registry::cell(Family family, std::initializer_list<std::string_view> labels) {
  const std::scoped_lock lock(mutex_);
  return {find_or_make(family, Labels(labels.begin(), labels.end()))};
}

HistogramId Registry::histogram(Family family, std::initializer_list<std::string_view> labels) {
  const std::scoped_lock lock(mutex_);
  return {find_or_make(family, Labels(labels.begin(), labels.end()))};
}

std::uint32_t Registry::find_or_make(Family family, Labels labels) {
  labels.resize(row(family).label_count());
  const auto known = cells_.find({family, labels});
  if (known != cells_.end()) return known->second;
  const std::size_t route_at = route_label_of(row(family));
  if (route_at == no_route) return make(family, std::move(labels));
  const std::uint32_t series = series_of(row(family));
  Budget* budget = budget_for(labels[route_at], series);
  if (budget == nullptr) return fold(family, std::move(labels), route_at);
  const std::uint32_t first = make(family, std::move(labels));
  spend(*budget, series);
  return first;
}

std::uint32_t Registry::make(Family family, Labels labels) {
  const std::uint32_t cells = cells_of(row(family));
  if (next_cell_ + cells > Slab::cells_max) return 0;
  const std::uint32_t first = next_cell_;
  for (const auto& slab : slabs_) slab->grow(first + cells);
  Cells known;  // what needs memory comes first, so that a series is in both places or in none
  known.emplace(std::pair(family, labels), first);
  list_.push_back({family, std::move(labels), first, false});
  cells_.merge(known);
  next_cell_ += cells;
  return first;
}

std::uint32_t Registry::beyond_reserve(const Budget& budget, std::uint32_t series) noexcept {
  const std::uint32_t reserved = budget.allowed - std::min(budget.allowed, budget.used);
  return series - std::min(series, reserved);
}

// Null when the route has no room for so many series.
Registry::Budget* Registry::budget_for(std::string_view route, std::uint32_t series) {
  const auto found = budgets_.find(route);
  if (found == budgets_.end()) return nullptr;
  Budget& budget = found->second;
  return beyond_reserve(budget, series) > (budget.may_use_spare ? spare_ : 0) ? nullptr : &budget;
}

void Registry::spend(Budget& budget, std::uint32_t series) noexcept {
  spare_ -= beyond_reserve(budget, series);
  budget.used += series;
}

// A series that found no room: the same under route="other", or, when that is full too, the one of each family that
// takes the rest.
std::uint32_t Registry::fold(Family family, Labels labels, std::size_t route_at) {
  slabs_.back()->add({find_or_make(Family::series_folded, {})});
  if (labels[route_at] != "other") {
    labels[route_at] = "other";
    return find_or_make(family, std::move(labels));
  }
  labels.assign(labels.size(), "other");
  const auto known = cells_.find({family, labels});
  return known != cells_.end() ? known->second : make(family, std::move(labels));
}

void Registry::set(CellId id, std::uint64_t value) {
  const std::scoped_lock lock(mutex_);
  slabs_.back()->set(id, value);
}

void Registry::add(CellId id, std::uint64_t n) {
  const std::scoped_lock lock(mutex_);
  slabs_.back()->add(id, n);
}

void Registry::set_info(Family family, std::initializer_list<std::string_view> labels) {
  if (!is_info(family)) return;
  const std::scoped_lock lock(mutex_);
  const auto shown =
      std::find_if(list_.begin(), list_.end(), [family](const Series& series) { return series.family == family; });
  if (shown != list_.end()) {
    shown->labels.assign(labels.begin(), labels.end());
    shown->labels.resize(row(family).label_count());
    return;
  }
  Labels first(labels.begin(), labels.end());
  first.resize(row(family).label_count());
  slabs_.back()->set({make(family, std::move(first))}, 1);
}

std::uint32_t Registry::series() const {
  const std::scoped_lock lock(mutex_);
  std::uint32_t shown = 0;
  for (const Series& series : list_) shown += series.hidden ? 0 : series_of(row(series.family));
  return shown;
}

std::uint64_t Registry::combined(const FamilyRow& family, std::uint32_t index) const {
  std::uint64_t result = 0;
  for (const auto& slab : slabs_) {
    const std::uint64_t value = slab->read(index);
    result = family.across == Across::sum ? result + value : std::max(result, value);
  }
  return result;
}

RouteCells::RouteCells(Registry& registry, std::string route)
    : registry_(&registry),
      route_(std::move(route)),
      duration_(registry.histogram(Family::request_duration, {route_})),
      requests_(16) {}

CellId RouteCells::learn(std::uint8_t method, std::uint16_t status) {
  std::array<char, 20> digits{};
  const char* end = write_decimal(digits.data(), status);
  const std::string_view code(digits.data(), static_cast<std::size_t>(end - digits.data()));
  const std::string_view name = method_labels[std::min<std::size_t>(method, method_labels.size() - 1)];
  const Entry entry{key_of(method, status), registry_->cell(Family::requests, {route_, name, code})};
  if (2 * (known_ + 1) > requests_.size()) {
    const auto before = std::exchange(requests_, std::vector<Entry>(2 * requests_.size()));
    for (const Entry& old : before) {
      if (old.key != 0) insert(old);
    }
  }
  insert(entry);
  ++known_;
  return entry.cell;
}

void RouteCells::insert(const Entry& entry) {
  std::size_t i = slot_of(entry.key);
  while (requests_[i].key != 0) i = (i + 1) & (requests_.size() - 1);
  requests_[i] = entry;
}

CellId RouteCells::learn(Reason reason) {
  const Failure& row = holdfast::failure(reason);
  const CellId cell = registry_->cell(Family::failures, {row.word, holdfast::word(row.blame), route_});
  failures_[static_cast<std::size_t>(reason)] = cell;
  return cell;
}

}  // namespace holdfast::telemetry
