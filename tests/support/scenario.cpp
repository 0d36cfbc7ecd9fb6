#include "scenario.h"

#include <cerrno>
#include <charconv>

#include "policies/catalog.h"
#include "proxy/admission.h"
#include "proxy/context.h"
#include "proxy/upstream.h"
#include "scenario_snapshot.h"
#include "telemetry/log_writer.h"

namespace holdfast::testing {
namespace {

telemetry::LogOptions log_options(const Options& scenario) {
  telemetry::LogOptions options;
  options.format = telemetry::LogFormat::json;
  options.sink = scenario.log_sink;
  return options;
}

}  // namespace

struct Scenario::Services {
  explicit Services(const Options& options)
      : shared(1000),
        writer(log_options(options)),
        loggers(writer),
        metrics(options.workers, 2000),
        written(options.log_sink >= 0) {
    if (written) writer.start();
  }
  ~Services() {
    writer.channel(0).flush();
    if (!written) {
      while (const auto filled = writer.channel(0).take()) writer.channel(0).give_back(filled->block);
    }
  }
  proxy::Shared shared;
  proxy::SnapshotPtr snapshot;
  telemetry::LogWriter writer;
  telemetry::Loggers loggers;
  telemetry::Registry metrics;
  const bool written;  // by the writer's thread
};

struct Scenario::OneWorker final : net::Connector, proxy::AdmissionPeers {
  class Dialling final : public net::Dial {
   public:
    Dialling(OneWorker& worker, net::DialUser& asking) noexcept : user(asking), worker_(worker) {
      const WhoRuns test = WhoRuns::test();
      worker.dials.push_back(this);
    }
    ~Dialling() override { std::erase(worker_.dials, this); }

    net::DialUser& user;

   private:
    OneWorker& worker_;
  };

  OneWorker(Scenario& scenario, std::size_t number)
      : scenario_(scenario),
        context(scenario.services_->shared, policies::RequestIdSource(number + 1, 42)),
        origin(context, *this, "127.0.0.1:3000"),
        admission(context, *this),
        front(context, {.origin = &origin, .admission = &admission}) {
    Services& services = *scenario.services_;
    policies::Services used{.rates = services.shared.rates,
                            .loggers = services.loggers,
                            .lines = services.writer.channel(0),
                            .metrics = services.metrics,
                            .cells = services.metrics.slab(number),
                            .rate_seed = 7,
                            .seed_hi = 1,
                            .seed_lo = 2};
    auto view = std::make_unique<proxy::View>();
    view->plan = services.snapshot->plan.get();
    view->pipeline = policies::build_pipeline(*services.snapshot->configuration, *services.snapshot->plan, used);
    if (scenario.options_.throwing_hooks) add_throwing_policy(*view->pipeline);
    view->snapshot = services.snapshot;
    proxy::set_head_limits(*view);
    context.begin_turn(scenario.now_, WallTime(scenario.now_.time_since_epoch()));
    context.view = proxy::ViewRef(std::move(view));
  }

  std::unique_ptr<net::Dial> dial(net::DialUser& user) override { return std::make_unique<Dialling>(*this, user); }
  void wake_another(const proxy::WorkerContext& not_me) noexcept override {
    for (const auto& other : scenario_.workers_) {
      if (&other->context == &not_me || other->admission.waiting() == 0) continue;
      other->woken = true;
      return;
    }
  }

  Scenario& scenario_;
  std::vector<Dialling*> dials;
  bool woken = false;
  proxy::WorkerContext context;
  proxy::HttpOrigin origin;
  proxy::Admission admission;
  proxy::Front front;
};

Scenario::Scenario(Options options) : options_(std::move(options)), services_(std::make_unique<Services>(options_)) {
  services_->snapshot = load_snapshot(options_);
  std::vector<std::string> names;
  for (const policies::RoutePlan& route : services_->snapshot->plan->routes) names.push_back(route.name);
  services_->metrics.set_routes(names, services_->snapshot->plan->listener.series_max);
  for (std::size_t i = 0; i < options_.workers; ++i) workers_.push_back(std::make_unique<OneWorker>(*this, i));
}

Scenario::~Scenario() {
  if (!checked_) check_nothing_is_left();
}

Peer& Scenario::client(std::string_view address, std::size_t worker) {
  auto link = std::make_unique<Link>();
  link->step = options_.step;
  Link& raw = *link;
  clients_.emplace_back(*this, std::move(link));
  Peer& peer = clients_.back();
  accept(*workers_[worker], std::make_unique<MemoryTransport>(raw), parse_client_address(address));
  run();
  return peer;
}

// As a worker does it: what fails here costs the connection.
void Scenario::accept(OneWorker& worker, std::unique_ptr<net::Transport> transport, const ClientAddress& peer) {
  try {
    const WhoRuns proxy = WhoRuns::proxy();
    worker.front.accept(std::move(transport), peer);
  } catch (const std::bad_alloc&) {
    ++not_accepted_;
  }
}

Peer& Scenario::app(std::size_t n) {
  REQUIRE_MESSAGE(n < apps_.size(), "the proxy has opened " << apps_.size() << " connections to the app");
  return apps_[n];
}

std::size_t Scenario::dialled() const noexcept { return apps_.size(); }

void Scenario::app_is(App state, int error) {
  app_state_ = state;
  app_error_ = error;
  run();
}

void Scenario::dial_fails(int error) {
  for (const auto& worker : workers_) {
    if (worker->dials.empty()) continue;
    const WhoRuns proxy = WhoRuns::proxy();
    worker->dials.front()->user.on_dial_failed(error);
    break;
  }
  run();
}

// One pass over everything that is ready. False when nothing was.
bool Scenario::pump() {
  bool busy = false;
  const auto serve = [&busy](Link& link) {
    const WhoRuns proxy = WhoRuns::proxy();
    if (link.user != nullptr && link.want_read && link.readable()) {
      link.user->on_readable();
      busy = true;
    }
    if (link.user != nullptr && !link.want_read && (link.fin || link.reset) && !link.hangup_told) {
      link.hangup_told = true;
      link.user->on_hangup();
      busy = true;
    }
    if (link.user != nullptr && link.want_write && link.writable()) {
      link.user->on_writable();
      busy = true;
    }
  };
  for (std::size_t i = 0; i < clients_.size(); ++i) serve(clients_[i].link());
  for (std::size_t i = 0; i < apps_.size(); ++i) serve(apps_[i].link());
  for (const auto& worker : workers_) {
    if (std::exchange(worker->woken, false)) {
      const WhoRuns proxy = WhoRuns::proxy();
      worker->admission.wake();
    }
    if (app_state_ != App::hangs && !worker->dials.empty()) {
      busy = true;
      net::DialUser& user = worker->dials.front()->user;
      if (app_state_ == App::refuses) {
        const WhoRuns proxy = WhoRuns::proxy();
        user.on_dial_failed(app_error_ == 0 ? ECONNREFUSED : app_error_);
      } else {
        auto link = std::make_unique<Link>();
        link->step = options_.step;
        Link& raw = *link;
        apps_.emplace_back(*this, std::move(link));
        auto transport = std::make_unique<MemoryTransport>(raw);
        const WhoRuns proxy = WhoRuns::proxy();
        user.on_connected(std::move(transport));
      }
    }
    const WhoRuns proxy = WhoRuns::proxy();
    worker->context.end_turn();
  }
  for (Peer& peer : clients_) {
    if (!peer.holding_) peer.received_.append(std::exchange(peer.link().from_proxy, {}));
  }
  for (Peer& peer : apps_) {
    if (!peer.holding_) peer.received_.append(std::exchange(peer.link().from_proxy, {}));
  }
  return busy;
}

void Scenario::run() {
  for (const auto& worker : workers_)
    worker->context.begin_turn(now_, WallTime(now_.time_since_epoch() + wall_offset_));
  int rounds = 0;
  int quiet = 0;
  while (quiet < 2) {  // a turn may leave work for the next
    quiet = pump() ? 0 : quiet + 1;
    REQUIRE_MESSAGE(++rounds < 1'000'000, "the proxy spins");
  }
  collect_log();
}

void Scenario::advance(Duration time) {
  const TimePoint target = now_ + time;
  run();
  for (;;) {
    std::optional<TimePoint> next;
    for (const auto& worker : workers_) {
      const auto at = worker->context.deadlines.next();
      if (at && (!next || *at < *next)) next = at;
    }
    if (!next || *next > target) break;
    now_ = std::max(now_, *next);
    run();
  }
  now_ = target;
  run();
}

void Scenario::clock_jumps(Duration by) {
  now_ += by;
  run();
}

void Scenario::wall_clock_jumps(Duration by) {
  wall_offset_ += by;
  run();
}

void Scenario::drain_begins() {
  for (const auto& worker : workers_) worker->context.draining = true;
}

void Scenario::finish_begins() {
  drain_begins();
  for (const auto& worker : workers_) worker->context.finishing = true;
}

void Scenario::close_idle() {
  for (const auto& worker : workers_) worker->front.close_idle();
  run();
}

void Scenario::cut_all() {
  for (const auto& worker : workers_) {
    const WhoRuns proxy = WhoRuns::proxy();
    worker->front.cut_all();
  }
  run();
}

void Scenario::collect_log() {
  telemetry::LogChannel& lines = services_->writer.channel(0);
  if (log_reader_stopped_) return;
  lines.flush();
  if (options_.log_sink >= 0) return;
  while (const auto filled = lines.take()) {
    log_.append(filled->lines);
    lines.give_back(filled->block);
  }
}

void Scenario::log_reader_stops() {
  collect_log();
  log_reader_stopped_ = true;
  telemetry::LogChannel& lines = services_->writer.channel(0);
  constexpr std::size_t size = 1024;
  while (char* room = lines.begin(telemetry::Level::error, size)) lines.commit(room + size, now_);
}

void Scenario::log_reader_returns() {
  log_reader_stopped_ = false;
  telemetry::LogChannel& lines = services_->writer.channel(0);
  lines.flush();
  while (const auto filled = lines.take()) lines.give_back(filled->block);  // what filled it says nothing
}

telemetry::LogWriter& Scenario::log_writer() noexcept { return services_->writer; }

std::vector<std::string> Scenario::log() {
  run();
  std::vector<std::string> lines;
  std::string_view rest = log_;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return lines;
}

std::string Scenario::last_line() {
  const auto lines = log();
  return lines.empty() ? std::string() : lines.back();
}

std::string Scenario::metrics() { return services_->metrics.expose(); }

std::uint64_t Scenario::metric(std::string_view series) {
  const std::string text = "\n" + metrics();
  const std::size_t at = text.find("\n" + std::string(series) + " ");
  std::uint64_t value = 0;
  if (at != std::string::npos) std::from_chars(text.data() + at + series.size() + 2, text.data() + text.size(), value);
  return value;
}

std::size_t Scenario::block_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const auto& worker : workers_) bytes += worker->context.blocks.in_use();
  return bytes;
}

std::uint64_t Scenario::exchanges() const noexcept {
  std::uint64_t over = 0;
  for (const auto& worker : workers_) over += worker->context.counters.exchanges.load();
  return over;
}

std::uint32_t Scenario::in_flight() const noexcept { return services_->shared.concurrency.in_use(); }
std::uint32_t Scenario::queued() const noexcept { return services_->shared.queue.in_use(); }
proxy::Shared& Scenario::shared() noexcept { return services_->shared; }
proxy::WorkerContext& Scenario::context(std::size_t worker) noexcept { return workers_[worker]->context; }

void Scenario::check_nothing_is_left() {
  checked_ = true;
  for (Peer& peer : clients_) {
    peer.holding_ = false;
    peer.link().room = SIZE_MAX;
    peer.link().gone = peer.link().fin = true;
  }
  for (Peer& peer : apps_) {
    peer.holding_ = false;
    peer.link().room = SIZE_MAX;
  }
  advance(3h);
  CHECK(shared().connections.in_use() == 0);
  CHECK(shared().concurrency.in_use() == 0);
  CHECK(shared().queue.in_use() == 0);
  CHECK(shared().uploads.in_use() == 0);
  CHECK(shared().lingering.in_use() == 0);
  CHECK(shared().clients.clients() == 0);
  CHECK(shared().block_bytes.load() == 0);
  for (const auto& worker : workers_) {
    const proxy::WorkerCounters& counters = worker->context.counters;
    CHECK(worker->front.size() == 0);
    CHECK(worker->context.blocks.in_use() == 0);
    CHECK(counters.downstream_idle.load() == 0);
    CHECK(counters.downstream_active.load() == 0);
    CHECK(counters.downstream_lingering.load() == 0);
    CHECK(counters.tunnels.load() == 0);
    CHECK(counters.upstream_idle.load() == 0);
    CHECK(counters.upstream_active.load() == 0);
  }
  if (options_.throwing_hooks) return;  // a hook that throws may be the one that counts
  if (options_.log_sink < 0) CHECK(log().size() <= exchanges());
  if (options_.log_sink < 0) CHECK(log().size() + options_.may_lose >= exchanges());
  std::uint64_t counted = 0;
  const std::string text = metrics();
  for (std::size_t at = text.find("\nholdfast_http_requests_total{"); at != std::string::npos;
       at = text.find("\nholdfast_http_requests_total{", at + 1)) {
    const std::size_t value_at = text.find("} ", at) + 2;
    std::uint64_t value = 0;
    std::from_chars(text.data() + value_at, text.data() + text.size(), value);
    counted += value;
  }
  CHECK(counted <= exchanges());
  CHECK(counted + options_.may_lose >= exchanges());
}

}  // namespace holdfast::testing
