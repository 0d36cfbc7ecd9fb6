#include "scenario.h"

#include <cerrno>
#include <charconv>
#include <stdexcept>

#include "config/loader.h"
#include "policies/catalog.h"
#include "proxy/admission.h"
#include "proxy/context.h"
#include "proxy/upstream.h"
#include "telemetry/log_writer.h"

namespace holdfast::testing {
namespace {

telemetry::LogOptions log_options() {
  telemetry::LogOptions options;
  options.format = telemetry::LogFormat::json;
  return options;
}

proxy::SnapshotPtr load(const Options& options) {
  config::Sources sources;
  sources.platform_file = "holdfast.yaml";
  sources.read = [&options](const std::string& path) -> config::FileText {
    if (path == "holdfast.yaml") {
      return "version: 1\nservice: users\nlisten: 127.0.0.1:8080\nupstream: {address: 127.0.0.1:3000}\nforwarded: "
             "{trustedHops: " +
             std::to_string(options.trusted_hops) + "}\npolicy: policy.yaml\n";
    }
    std::string text = "version: 1\nprofile: " + options.profile + "\n";
    if (!options.policies.empty()) text += "policies:\n" + options.policies + "\n";
    return text + "routes: " + options.routes + "\n";
  };
  auto loaded = config::load(sources, {policies::sections(), policies::cross_rules()}, {});
  if (!loaded) {
    for (const config::Fault& fault : loaded.error()) MESSAGE(config::to_text(fault));
    throw std::runtime_error("the scenario's configuration is faulty");
  }
  auto snapshot = std::make_shared<proxy::Snapshot>();
  snapshot->configuration = std::make_unique<const config::Configuration>(std::move(loaded).value());
  snapshot->plan = policies::build_plan(*snapshot->configuration);
  return snapshot;
}

class ThrowingPolicy final : public policies::Policy {
 public:
  policies::Verdict on_request(policies::Exchange& x) override {
    throw_if(x, "request");
    return std::nullopt;
  }
  void on_response(policies::Exchange& x) override { throw_if(x, "response"); }
  void on_complete(const policies::Exchange& x) override { throw_if(x, "complete"); }

 private:
  static void throw_if(const policies::Exchange& x, std::string_view where) {
    for (const http::Field& field : x.request.fields) {
      if (x.request.name(field) == "x-throw" && x.request.value(field) == where)
        throw std::runtime_error("thrown by a hook");
    }
  }
};

}  // namespace

struct Scenario::Services {
  explicit Services(std::size_t workers)
      : shared(1000), writer(log_options()), loggers(writer), metrics(workers, 2000) {}
  ~Services() {
    writer.channel(0).flush();
    while (const auto filled = writer.channel(0).take()) writer.channel(0).give_back(filled->block);
  }
  proxy::Shared shared;
  proxy::SnapshotPtr snapshot;
  telemetry::LogWriter writer;
  telemetry::Loggers loggers;
  telemetry::Registry metrics;
};

struct Scenario::OneWorker final : net::Connector, proxy::AdmissionPeers {
  class Dialling final : public net::Dial {
   public:
    Dialling(OneWorker& worker, net::DialUser& asking) noexcept : user(asking), worker_(worker) {
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
    if (scenario.options_.throwing_hooks) {
      view->pipeline->name_next("throwing");
      view->pipeline->add(std::make_unique<ThrowingPolicy>(), policies::Pipeline::Responses::every);
    }
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

Scenario::Scenario(Options options)
    : options_(std::move(options)), services_(std::make_unique<Services>(options_.workers)) {
  services_->snapshot = load(options_);
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
  workers_[worker]->front.accept(std::make_unique<MemoryTransport>(raw), parse_client_address(address));
  run();
  return peer;
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

// One pass over everything that is ready. False when nothing was.
bool Scenario::pump() {
  bool busy = false;
  const auto serve = [&busy](Link& link) {
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
    if (std::exchange(worker->woken, false)) worker->admission.wake();
    if (app_state_ != App::hangs && !worker->dials.empty()) {
      busy = true;
      net::DialUser& user = worker->dials.front()->user;
      if (app_state_ == App::refuses) {
        user.on_dial_failed(app_error_ == 0 ? ECONNREFUSED : app_error_);
      } else {
        auto link = std::make_unique<Link>();
        link->step = options_.step;
        Link& raw = *link;
        apps_.emplace_back(*this, std::move(link));
        user.on_connected(std::make_unique<MemoryTransport>(raw));
      }
    }
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
  for (const auto& worker : workers_) worker->front.cut_all();
  run();
}

void Scenario::collect_log() {
  telemetry::LogChannel& lines = services_->writer.channel(0);
  lines.flush();
  while (const auto filled = lines.take()) {
    log_.append(filled->lines);
    lines.give_back(filled->block);
  }
}

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
  CHECK(shared().lingering.in_use() == 0);
  CHECK(shared().clients.clients() == 0);
  CHECK(shared().block_bytes.load() == 0);
  std::uint64_t exchanges = 0;
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
    exchanges += counters.exchanges.load();
  }
  if (options_.throwing_hooks) return;  // a hook that throws may be the one that counts
  CHECK(log().size() == exchanges);
  std::uint64_t counted = 0;
  const std::string text = metrics();
  for (std::size_t at = text.find("\nholdfast_http_requests_total{"); at != std::string::npos;
       at = text.find("\nholdfast_http_requests_total{", at + 1)) {
    const std::size_t value_at = text.find("} ", at) + 2;
    std::uint64_t value = 0;
    std::from_chars(text.data() + value_at, text.data() + text.size(), value);
    counted += value;
  }
  CHECK(counted == exchanges);
}

}  // namespace holdfast::testing
