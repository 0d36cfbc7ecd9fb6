// server: the webhook's process: one thread, one loop, a TLS listener for reviews and a plain one for telemetry, both
// on the engine of the sidecar with a plan of their own.
//
// A review takes a fraction of a millisecond, so one thread is plenty; replicas are for availability. Reviews under way
// are bounded in number by admission, so that slow clients cannot fill the memory with content.
#pragma once

#include <memory>
#include <string>

#include "config/address.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/signals.h"
#include "proxy/drain.h"
#include "telemetry/log_writer.h"
#include "webhook/handlers.h"

namespace holdfast::webhook {

struct ServerOptions {
  config::Address listen;
  config::Address telemetry;
  std::string certificates;  // directory
  kubernetes::InjectOptions inject;
  telemetry::LevelSpec levels;
  bool no_color = false;
  std::string version;
  std::string commit;
};

enum class ServerEnd : std::uint8_t { stopped, bad_certificate, cannot_bind };

class Server final : public net::TurnUser,
                     public net::SignalUser,
                     public proxy::DrainUser,
                     public proxy::AdmissionPeers,
                     public tls::HandshakeUser {
 public:
  explicit Server(ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Serves until a signal; problem() says why it did not.
  ServerEnd run();
  const std::string& problem() const noexcept { return problem_; }
  telemetry::LogWriter& writer() noexcept { return writer_; }

  void time_passes(TimePoint now, WallTime wall) noexcept override { context_.begin_turn(now, wall); }
  void turn_ends() noexcept override;
  std::optional<TimePoint> next_deadline() noexcept override { return context_.deadlines.next(); }
  void on_signal(int number) noexcept override;
  void wake_another(const proxy::WorkerContext&) noexcept override {}  // there is no other
  void on_handshake(const char* why) noexcept override;
  void drain_announce(bool draining) override;
  void drain_finish() override;
  void drain_cut() override;
  void drain_undo() override {}  // only signals start a drain here
  std::uint64_t drain_cut_count() override { return cut_; }
  bool drain_complete() override;
  void drain_over(const proxy::DrainReport& report) override;

 private:
  class Listeners;

  ServerOptions options_;
  std::string problem_;
  telemetry::LogWriter writer_;
  telemetry::Loggers loggers_;
  telemetry::Registry registry_;
  proxy::Shared shared_;
  net::Loop loop_;
  proxy::WorkerContext context_;
  Certificates certificates_;
  proxy::Drain drain_;
  std::unique_ptr<Listeners> listeners_;
  telemetry::CellId handshakes_ok_;
  telemetry::CellId handshakes_failed_;
  TimePoint handshakes_told_again_{};
  std::uint64_t handshakes_untold_ = 0;
  std::uint64_t cut_ = 0;
};

}  // namespace holdfast::webhook
