// health: asks the app every 2 s whether it is well. Drives /readyz only; never the data path, and traffic never
// changes it. Control thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/deadline.h"
#include "http/h1_parser.h"
#include "net/transport.h"
#include "proxy/context.h"

namespace holdfast::proxy {

class HealthUser {
 public:
  virtual void on_health_changed(bool healthy, const char* why) = 0;

 protected:
  ~HealthUser() = default;
};

class Health final : public net::DialUser, public net::TransportUser {
 public:
  // `request`: `GET /healthz`, or empty for a TCP connect.
  Health(WorkerContext& context, net::Connector& connector, std::string request, std::string authority,
         HealthUser& user);
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  void start();
  bool healthy() const noexcept { return healthy_; }
  const char* why() const noexcept { return why_; }  // while not healthy

  void on_connected(std::unique_ptr<net::Transport> transport) noexcept override;
  void on_dial_failed(int error) noexcept override;
  void on_readable() noexcept override;
  void on_writable() noexcept override {}
  void on_hangup() noexcept override {}

 private:
  void check();
  void done(bool well, const char* why);
  static void check_due(void* self) { static_cast<Health*>(self)->check(); }
  static void slow(void* self) { static_cast<Health*>(self)->done(false, "no answer within 1s"); }

  WorkerContext& context_;
  net::Connector& connector_;
  const std::string request_;
  const std::string authority_;
  HealthUser& user_;
  std::unique_ptr<net::Dial> dial_;
  std::unique_ptr<net::Transport> transport_;
  std::string received_;
  Deadline next_;
  Deadline limit_;
  const char* why_ = "not checked yet";
  std::uint32_t failures_ = 0;
  bool healthy_ = false;
  bool once_well_ = false;
};

}  // namespace holdfast::proxy
