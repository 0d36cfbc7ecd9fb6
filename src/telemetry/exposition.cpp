// exposition: from cells to the text of /metrics, through prometheus-cpp's Collectable and TextSerializer.
//
// prometheus-cpp escapes label values but no HELP text, which therefore holds neither line ends nor backslashes. The
// registry's mutex is held while numbers are copied, not while they are rendered.
#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <sstream>
#include <string>

#include "telemetry/metrics.h"
#include "telemetry/process_metrics.h"

namespace holdfast::telemetry {
namespace {

prometheus::MetricType type_of(FamilyKind kind) noexcept {
  switch (kind) {
    case FamilyKind::counter: return prometheus::MetricType::Counter;
    case FamilyKind::gauge: return prometheus::MetricType::Gauge;
    case FamilyKind::histogram: return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::MetricFamily single(std::string name, std::string help, prometheus::MetricType type, double value) {
  prometheus::ClientMetric metric;
  metric.counter.value = value;
  metric.gauge.value = value;
  return {std::move(name), std::move(help), type, {std::move(metric)}};
}

void add_process_families(std::vector<prometheus::MetricFamily>& out, double start_time_seconds) {
  using prometheus::MetricType;
  const ProcessNumbers numbers = read_process_numbers();
  const auto gauge = [&out](const char* name, const char* help, const std::optional<std::uint64_t>& value) {
    if (value.has_value()) out.push_back(single(name, help, MetricType::Gauge, static_cast<double>(*value)));
  };
  if (numbers.cpu_seconds.has_value()) {
    out.push_back(
        single("process_cpu_seconds_total", "User and system CPU time.", MetricType::Counter, *numbers.cpu_seconds));
  }
  gauge("process_resident_memory_bytes", "Resident memory.", numbers.resident_bytes);
  gauge("process_virtual_memory_bytes", "Virtual memory.", numbers.virtual_bytes);
  gauge("process_threads", "Threads.", numbers.threads);
  gauge("process_open_fds", "Open file descriptors.", numbers.open_fds);
  gauge("process_max_fds", "Most file descriptors that may be open.", numbers.max_fds);
  out.push_back(single("process_start_time_seconds", "When the process started, since 1970.", MetricType::Gauge,
                       start_time_seconds));
}

}  // namespace

class CellFamilies final : public prometheus::Collectable {
 public:
  explicit CellFamilies(const Registry& registry) : registry_(registry) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    std::vector<prometheus::MetricFamily> out;
    out.reserve(families.size());
    for (const FamilyRow& family : families)
      out.push_back({std::string(family.name), std::string(family.help), type_of(family.kind), {}});
    {
      const std::scoped_lock lock(registry_.mutex_);
      for (const Series& series : registry_.list_) {
        if (!series.hidden) out[static_cast<std::size_t>(series.family)].metric.push_back(metric_of(series));
      }
    }
    std::erase_if(out, [](const auto& family) { return family.metric.empty(); });
    add_process_families(out, registry_.start_time_seconds_);
    return out;
  }

 private:
  prometheus::ClientMetric metric_of(const Series& series) const {
    const FamilyRow& family = row(series.family);
    prometheus::ClientMetric metric;
    for (std::size_t i = 0; i < series.labels.size(); ++i)
      metric.label.push_back({std::string(family.labels[i]), series.labels[i]});
    if (family.kind == FamilyKind::histogram) {
      fill(metric.histogram, family, series.first);
      return metric;
    }
    // A gauge that one worker raised and another lowered: the sum is right in two's complement.
    const double value =
        static_cast<double>(static_cast<std::int64_t>(registry_.combined(family, series.first))) * family.scale;
    metric.counter.value = value;
    metric.gauge.value = value;
    return metric;
  }

  void fill(prometheus::ClientMetric::Histogram& histogram, const FamilyRow& family, std::uint32_t first) const {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i <= latency_bounds.size(); ++i) {
      count += registry_.combined(family, first + static_cast<std::uint32_t>(i));
      const bool bounded = i < latency_bounds.size();
      const double bound =
          bounded ? static_cast<double>(latency_bounds[i].count()) / 1e9 : std::numeric_limits<double>::infinity();
      histogram.bucket.push_back({count, bound});
    }
    histogram.sample_count = count;
    histogram.sample_sum = static_cast<double>(registry_.combined(family, first + histogram_cells - 1)) * family.scale;
  }

  const Registry& registry_;
};

std::string Registry::expose() {
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, CellFamilies(*this).Collect());
  return std::move(text).str();
}

}  // namespace holdfast::telemetry
