#include "webhook/server.h"

#include <csignal>
#include <random>

#include "net/tcp.h"
#include "proxy/binding.h"
#include "proxy/downstream.h"
#include "webhook/plans.h"

namespace holdfast::webhook {
namespace {

using telemetry::Area;
using telemetry::Family;
using telemetry::Level;

constexpr std::uint32_t series_max = 400;
constexpr Duration quiet_before_close = std::chrono::seconds(1);
constexpr Duration tell_handshakes_every = std::chrono::seconds(10);

// Endpoints take a moment to forget a pod; a review has its answer or its end within ten seconds.
constexpr proxy::DrainTimes drain_times{std::chrono::seconds(5), std::chrono::seconds(10), std::chrono::seconds(30)};

std::uint64_t random_bits() {
  std::random_device random;
  return std::uint64_t{random()} << 32U | random();
}

telemetry::LogOptions log_options(const ServerOptions& options) {
  telemetry::LogOptions log;
  log.no_color = options.no_color;
  log.service = "holdfast-webhook";
  return log;
}

}  // namespace

class Server::Listeners {
 public:
  Listeners(Server& server, net::BoundSockets reviews, net::BoundSockets telemetry)
      : log_(server.loggers_, server.registry_),
        mutate_(server.options_.inject, log_),
        telemetry_({server.registry_, server.writer_, server.certificates_, server.drain_}),
        mutate_origin_(server.context_, mutate_),
        telemetry_origin_(server.context_, telemetry_),
        admission_(server.context_, server),
        reviews_(server.context_, {.origin = &mutate_origin_, .admission = &admission_}, review_view(log_)),
        scrapes_(server.context_, {.origin = &telemetry_origin_}, telemetry_view()),
        review_gate_(server, reviews_, true),
        scrape_gate_(server, scrapes_, false),
        review_listener_(server.loop_, std::move(reviews.sockets.front()), review_gate_),
        scrape_listener_(server.loop_, std::move(telemetry.sockets.front()), scrape_gate_) {}

  proxy::Front& reviews() noexcept { return reviews_; }
  net::Listener& review_listener() noexcept { return review_listener_; }
  void keep_reserve() noexcept { scrape_listener_.keep_reserve(); }  // probes are answered out of descriptors, too

 private:
  class Gate final : public net::AcceptUser {
   public:
    Gate(Server& server, proxy::Front& front, bool tls) noexcept : server_(server), front_(front), tls_(tls) {}
    void on_accepted(Fd socket, const ClientAddress& peer) noexcept override {
      try {
        auto transport = net::tcp_transport(server_.loop_, std::move(socket));
        if (tls_) transport = server_.certificates_.current().accept(server_.loop_, std::move(transport), server_);
        front_.accept(std::move(transport), peer);
      } catch (...) {  // no memory for it: the connection closes
        server_.loggers_.write(Area::http, Level::error, "connection dropped: out of memory");
      }
    }
    void on_accept_paused(int error) noexcept override {
      if (server_.context_.now < told_again_) return;
      told_again_ = server_.context_.now + tell_handshakes_every;
      server_.loggers_.write(Area::http, Level::warn, "accepting pauses: out of descriptors",
                             {{"errno", static_cast<std::uint64_t>(error)}});
    }

   private:
    Server& server_;
    proxy::Front& front_;
    bool tls_;
    TimePoint told_again_{};
  };

  ReviewLog log_;
  MutateHandler mutate_;
  TelemetryHandler telemetry_;
  proxy::LocalOrigin mutate_origin_;
  proxy::LocalOrigin telemetry_origin_;
  proxy::Admission admission_;
  proxy::Front reviews_;
  proxy::Front scrapes_;
  Gate review_gate_;
  Gate scrape_gate_;
  net::Listener review_listener_;
  net::Listener scrape_listener_;
};

Server::Server(ServerOptions options)
    : options_(std::move(options)),
      writer_(log_options(options_)),
      loggers_(writer_),
      registry_(1, series_max),
      shared_(1),
      context_(shared_, policies::RequestIdSource(random_bits(), random_bits())),
      certificates_(context_, options_.certificates, loggers_, registry_),
      drain_(context_, *this),
      handshakes_ok_(registry_.cell(Family::tls_handshakes, {"ok"})),
      handshakes_failed_(registry_.cell(Family::tls_handshakes, {"failed"})) {
  context_.begin_turn(steady_now(), wall_now());
  loggers_.set_levels(telemetry::LevelSource::file, options_.levels);
  registry_.set_info(Family::build_info, {options_.version, options_.commit});
}

Server::~Server() = default;

ServerEnd Server::run() {
  if (const auto wrong = certificates_.load()) {
    problem_ = "--certificates " + options_.certificates + ": " + *wrong;
    return ServerEnd::bad_certificate;
  }
  auto reviews = proxy::bind_address(options_.listen, 1, "listen");
  auto telemetry = proxy::bind_address(options_.telemetry, 1, "telemetry");
  if (!reviews || !telemetry) {
    problem_ = !reviews ? reviews.error() : telemetry.error();
    return ServerEnd::cannot_bind;
  }
  {
    const net::BlockedSignals blocked;
    writer_.start();
  }
  const std::string review_address = reviews.value().address.text();
  const std::string telemetry_address = telemetry.value().address.text();
  listeners_ = std::make_unique<Listeners>(*this, std::move(reviews).value(), std::move(telemetry).value());
  listeners_->keep_reserve();
  const net::Signals signals(loop_, *this);
  certificates_.start();
  loggers_.write(Area::lifecycle, Level::info, "listening",
                 {{"listener", "telemetry"}, {"address", telemetry_address}});
  loggers_.write(Area::lifecycle, Level::info, "listening",
                 {{"listener", "webhook"}, {"address", review_address}, {"version", options_.version}});
  loop_.run(*this);
  listeners_.reset();
  writer_.stop();
  return ServerEnd::stopped;
}

void Server::turn_ends() noexcept {
  try {
    context_.end_turn();
  } catch (...) {  // what was due is tried again by its own next deadline
    loggers_.write(Area::core, Level::error, "a task failed: out of memory");
  }
  if (listeners_) listeners_->keep_reserve();
}

void Server::on_signal(int number) noexcept {
  if (number == SIGHUP) return certificates_.on_files_changed();
  if (drain_.draining()) {
    if (number == SIGINT) loop_.stop();
    return;
  }
  loggers_.write(Area::lifecycle, Level::info, "stopping",
                 {{"signal", number == SIGINT ? "SIGINT" : "SIGTERM"},
                  {"announce", to_text(drain_times.announce)},
                  {"finish", to_text(drain_times.finish)}});
  drain_.start(drain_times, true);
}

// Scanners and clients with a wrong bundle fail as often as they like: one line in ten seconds tells of them.
void Server::on_handshake(const char* why) noexcept {
  registry_.slab(0).add(why == nullptr ? handshakes_ok_ : handshakes_failed_);
  if (why == nullptr) return;
  ++handshakes_untold_;
  if (context_.now < handshakes_told_again_) return;
  handshakes_told_again_ = context_.now + tell_handshakes_every;
  loggers_.write(Area::http, Level::warn, "TLS handshake failed",
                 {{"cause", why}, {"failed", std::exchange(handshakes_untold_, 0)}});
}

void Server::drain_announce(bool draining) {
  context_.draining = draining;
  loggers_.write(Area::lifecycle, Level::info, "draining: announced");
}

void Server::drain_finish() {
  context_.finishing = true;
  listeners_->reviews().close_idle();
}

void Server::drain_cut() {
  listeners_->review_listener().close();
  cut_ += listeners_->reviews().busy();
  listeners_->reviews().cut_all();
}

bool Server::drain_complete() {
  net::Listener& listener = listeners_->review_listener();
  if (listener.open() && context_.now - listener.last_accept() >= quiet_before_close) listener.close();
  listeners_->reviews().close_idle();
  return !listener.open() && listeners_->reviews().size() == 0;
}

void Server::drain_over(const proxy::DrainReport& report) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(report.took).count();
  loggers_.write(Area::lifecycle, report.drained ? Level::info : Level::warn, "stopped",
                 {{"drained", report.drained}, {"killed", report.cut}, {"ms", static_cast<std::uint64_t>(ms)}});
  loop_.stop();
}

}  // namespace holdfast::webhook
