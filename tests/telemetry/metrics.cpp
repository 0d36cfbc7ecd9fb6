// Which series exist, what they add up to, and that Prometheus' own tool accepts the page.
#include "telemetry/metrics.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <memory>
#include <string>

using namespace holdfast;
using namespace holdfast::telemetry;

namespace {

bool has_line(const std::string& page, const std::string& line) {
  return page.find("\n" + line + "\n") != std::string::npos;
}

std::string line_with(const std::string& page, const std::string& text) {
  const std::size_t at = page.find("\n" + text);
  return at == std::string::npos ? "" : page.substr(at + 1, page.find('\n', at + 1) - at - 1);
}

constexpr std::uint8_t get = 0;
constexpr std::uint8_t other_method = 9;

}  // namespace

TEST_CASE("metrics: cells of all workers are summed, gauges may go down on another worker than up") {
  Registry registry(3, 2000);
  const CellId bytes = registry.cell(Family::request_body_bytes);
  const CellId active = registry.cell(Family::connections, {"downstream", "active"});
  const CellId lag = registry.cell(Family::loop_lag);
  for (std::size_t worker = 0; worker < 3; ++worker) {
    registry.slab(worker).add(bytes, 10 + worker);
    registry.slab(worker).set(lag, 1'000'000 * (3 - worker));
  }
  registry.slab(0).add(active, 2);
  registry.slab(1).subtract(active);
  registry.set(Family::limit, {"connections"}, 1024);
  registry.set(Family::rate_limit_evictions, {}, 7);
  registry.add(registry.cell(Family::bypass_seen));
  const std::string page = registry.expose();
  CHECK(has_line(page, "holdfast_request_body_bytes_total 33"));
  CHECK(has_line(page, "holdfast_connections{side=\"downstream\",state=\"active\"} 1"));
  CHECK(has_line(page, "holdfast_loop_lag_seconds 0.003"));
  CHECK(has_line(page, "holdfast_limit{name=\"connections\"} 1024"));
  CHECK(has_line(page, "holdfast_rate_limit_evictions_total 7"));
  CHECK(has_line(page, "holdfast_bypass_seen_total 1"));
  CHECK(has_line(page, "holdfast_log_lines_dropped_total 0"));
  CHECK(registry.cell(Family::request_body_bytes) == bytes);
}

TEST_CASE("metrics: a duration lands in the bucket whose bound it does not exceed") {
  Registry registry(1, 2000);
  const HistogramId id = registry.histogram(Family::upstream_first_byte);
  using std::chrono::milliseconds;
  for (const Duration value : {Duration(milliseconds(5)), Duration(milliseconds(5)) + Duration(1),
                               Duration(milliseconds(10'001)), Duration(-1)}) {
    registry.slab(0).observe(id, value);
  }
  const std::string page = registry.expose();
  CHECK(has_line(page, "holdfast_upstream_first_byte_seconds_bucket{le=\"0.005\"} 2"));
  CHECK(has_line(page, "holdfast_upstream_first_byte_seconds_bucket{le=\"0.01\"} 3"));
  CHECK(has_line(page, "holdfast_upstream_first_byte_seconds_bucket{le=\"10\"} 3"));
  CHECK(has_line(page, "holdfast_upstream_first_byte_seconds_bucket{le=\"+Inf\"} 4"));
  CHECK(has_line(page, "holdfast_upstream_first_byte_seconds_count 4"));
  CHECK(line_with(page, "holdfast_upstream_first_byte_seconds_sum").find(" 10.011") != std::string::npos);
}

TEST_CASE(
    "metrics: requests and failures are counted by route, method, status and reason; two workers share their series") {
  Registry registry(2, 2000);
  registry.set_routes({"create-user"}, 2000);
  RouteCells first(registry, "create-user");
  RouteCells second(registry, "create-user");
  CHECK(first.request(get, 200) == second.request(get, 200));
  CHECK(first.duration() == second.duration());
  registry.slab(0).add(first.request(get, 200));
  registry.slab(1).add(second.request(get, 200));
  registry.slab(1).add(second.request(other_method, 501));
  registry.slab(0).add(first.failure(Reason::upstream_first_byte_slow));
  registry.slab(0).observe(first.duration(), std::chrono::milliseconds(1));
  const std::string page = registry.expose();
  CHECK(has_line(page, "holdfast_http_requests_total{route=\"create-user\",method=\"GET\",code=\"200\"} 2"));
  CHECK(has_line(page, "holdfast_http_requests_total{route=\"create-user\",method=\"_OTHER\",code=\"501\"} 1"));
  CHECK(has_line(
      page, "holdfast_exchange_failures_total{reason=\"app_first_byte_slow\",blame=\"app\",route=\"create-user\"} 1"));
  CHECK(has_line(page, "holdfast_http_request_duration_seconds_count{route=\"create-user\"} 1"));
}

TEST_CASE("metrics: a worker's table keeps telling combinations apart while it grows") {
  Registry registry(1, 10'000);
  registry.set_routes({"all"}, 10'000);
  RouteCells cells(registry, "all");
  for (std::uint16_t status = 100; status < 600; ++status) registry.slab(0).add(cells.request(get, status), status);
  for (std::uint16_t status = 100; status < 600; ++status)
    REQUIRE(registry.slab(0).read(cells.request(get, status).index) == status);
}

TEST_CASE(
    "metrics: series stay within seriesMax whatever the app answers, and what finds no room is counted under other") {
  constexpr std::uint32_t series_max = series_fixed + series_unmatched + series_other + 2 * series_per_route;
  Registry registry(1, series_max);
  registry.set_routes({"a", "b"}, series_max);
  RouteCells unmatched(registry, "unmatched");
  RouteCells a(registry, "a");
  RouteCells unknown(registry, "not configured");
  RouteCells b(registry, "b");
  std::uint64_t counted = 0;
  for (RouteCells* cells : {&unmatched, &a, &unknown}) {
    constexpr auto methods = static_cast<std::uint8_t>(method_labels.size());
    for (std::uint8_t method = 0; method < methods; ++method) {
      for (std::uint16_t status = 100; status < 1000; status = static_cast<std::uint16_t>(status + 7)) {
        registry.slab(0).add(cells->request(method, status));
        ++counted;
      }
    }
  }
  registry.slab(0).add(b.request(get, 200));
  CHECK(registry.series() <= series_max);
  const std::string page = registry.expose();
  std::uint64_t shown = 0;
  std::uint64_t of_unmatched = 0;
  for (std::size_t at = page.find("\nholdfast_http_requests_total{"); at != std::string::npos;
       at = page.find("\nholdfast_http_requests_total{", at + 1)) {
    const std::string line = page.substr(at + 1, page.find('\n', at + 1) - at - 1);
    shown += static_cast<std::uint64_t>(std::stoul(line.substr(line.rfind(' '))));
    of_unmatched += line.find("route=\"unmatched\"") == std::string::npos ? 0U : 1U;
  }
  CHECK(shown == counted + 1);
  CHECK(of_unmatched + histogram_series == series_unmatched);
  CHECK(has_line(
      page, "holdfast_http_requests_total{route=\"b\",method=\"GET\",code=\"200\"} 1"));  // b's reserve was not touched
  CHECK(page.find("route=\"not configured\"") == std::string::npos);
  CHECK(line_with(page, "holdfast_http_requests_total{route=\"other\",method=\"other\",code=\"other\"}") != "");
  CHECK(line_with(page, "holdfast_series_folded_total ") != "holdfast_series_folded_total 0");
}

TEST_CASE("metrics: a route list fits while every route has its reserve") {
  static_assert(routes_fit(0, 256));
  static_assert(!routes_fit(0, 255));
  static_assert(routes_fit(43, 2000));
  static_assert(!routes_fit(44, 2000));
}

TEST_CASE("metrics: however often routes are renamed, new ones have room and the page stays within seriesMax") {
  constexpr std::uint32_t series_max = series_fixed + series_unmatched + series_other + series_per_route;
  Registry registry(1, series_max);
  for (int round = 0; round < 2; ++round) {
    for (const std::string route : {"one", "two", "three"}) {
      registry.set_routes({route}, series_max);
      RouteCells cells(registry, route);
      for (std::uint16_t status = 200; status < 300; ++status) registry.slab(0).add(cells.request(get, status));
      CHECK(registry.series() <= series_max);
    }
  }
  const std::string page = registry.expose();
  CHECK(page.find("route=\"one\"") == std::string::npos);
  CHECK(has_line(
      page,
      "holdfast_http_requests_total{route=\"three\",method=\"GET\",code=\"200\"} 2"));  // it came back with its count
}

TEST_CASE("metrics: the configuration in force is one series, also after a reload") {
  Registry registry(1, 2000);
  registry.set_info(Family::config_reload_info, {"aaaa"});
  registry.set_info(Family::config_reload_info, {"bbbb"});
  registry.set_info(Family::build_info, {"0.1.0", "abc"});
  const std::string page = registry.expose();
  CHECK(has_line(page, "holdfast_config_reload_info{hash=\"bbbb\"} 1"));
  CHECK(page.find("aaaa") == std::string::npos);
  CHECK(has_line(page, "holdfast_build_info{version=\"0.1.0\",commit=\"abc\"} 1"));
}

TEST_CASE("metrics: the page has the process's own numbers") {
  const std::string page = Registry(1, 2000).expose();
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
                           "process_open_fds", "process_max_fds", "process_threads", "process_start_time_seconds"}) {
    CAPTURE(name);
    const std::string line = line_with(page, std::string(name) + " ");
    REQUIRE(line != "");
    CHECK((line.substr(line.rfind(' ')) != " 0" || std::string(name) == "process_cpu_seconds_total"));
  }
}

TEST_CASE("metrics: promtool check metrics has nothing to say about the page") {
  Registry registry(1, 2000);
  registry.set_routes({"quote\"back\\slash"}, 2000);
  RouteCells cells(registry, "quote\"back\\slash");
  registry.slab(0).add(cells.request(get, 200));
  registry.slab(0).add(cells.failure(Reason::internal));
  registry.slab(0).observe(cells.duration(), std::chrono::milliseconds(1));
  registry.set(Family::policy_decisions, {"rateLimit", "would_enforce"}, 1);
  registry.set(Family::connections, {"upstream", "idle"}, 1);
  registry.set(Family::limit, {"queue"}, 64);
  registry.set(Family::upstream_connects, {"refused"}, 1);
  registry.set_info(Family::config_reload_info, {"aaaa"});
  registry.set_info(Family::build_info, {"0.1.0", "abc"});
  const std::string page = registry.expose();

  struct Close {
    void operator()(std::FILE* pipe) const noexcept { ::pclose(pipe); }
  };
  // NOLINTNEXTLINE(concurrency-mt-unsafe): this program has one thread
  if (std::system("command -v promtool >/dev/null") != 0) {
    MESSAGE("SKIPPED: promtool is not installed (Debian package prometheus); the page was not checked");
    return;
  }
  std::unique_ptr<std::FILE, Close> promtool(::popen("promtool check metrics", "w"));
  REQUIRE(promtool != nullptr);
  REQUIRE(std::fwrite(page.data(), 1, page.size(), promtool.get()) == page.size());
  CHECK(::pclose(promtool.release()) == 0);
}
