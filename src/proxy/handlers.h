// handlers: what the telemetry and admin listeners answer. Control thread.
#pragma once

#include <cstdint>
#include <string>

#include "proxy/bypass.h"
#include "proxy/local_origin.h"

namespace holdfast::proxy {

class Server;

// GET /metrics, /livez, /readyz, /drain/<token>, /app-probe/<container>/<kind>.
class TelemetryHandler final : public LocalHandler {
 public:
  explicit TelemetryHandler(Server& server) noexcept : server_(server) {}
  void on_request(const LocalRequest& request, Responder responder) override;

 private:
  LocalResponse metrics();
  LocalResponse ready() const;
  LocalResponse alive() const;
  void publish_gauges();

  Server& server_;
};

// GET /effective, GET|PUT /loglevel, GET /connections, POST /drain. Loopback.
class AdminHandler final : public LocalHandler {
 public:
  explicit AdminHandler(Server& server) noexcept : server_(server) {}
  void on_request(const LocalRequest& request, Responder responder) override;

 private:
  LocalResponse set_level(std::string_view text);
  void connections(Responder responder);

  Server& server_;
};

}  // namespace holdfast::proxy
