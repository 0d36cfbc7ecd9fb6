// health: asks the app every 2 s whether it is well. Drives /readyz only; never the data path, and traffic never
// changes it. Control thread.
#pragma once

#include <cstdint>
#include <string>

#include "core/deadline.h"
#include "net/transport.h"
#include "proxy/app_question.h"
#include "proxy/context.h"

namespace holdfast::proxy {

class HealthUser {
 public:
  virtual void on_health_changed(bool healthy, const char* why) = 0;

 protected:
  ~HealthUser() = default;
};

class Health final : public AppQuestionUser {
 public:
  // `request`: `GET /healthz`, or empty for a TCP connect.
  Health(WorkerContext& context, net::Connector& connector, const std::string& request, const std::string& authority,
         HealthUser& user);
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  void start() { question_.ask(); }
  bool healthy() const noexcept { return healthy_; }
  const char* why() const noexcept { return why_; }  // while not healthy

  void on_app_answered(bool well, const char* why) noexcept override;

 private:
  void check();
  static void check_due(void* self) { static_cast<Health*>(self)->check(); }

  WorkerContext& context_;
  HealthUser& user_;
  AppQuestion question_;
  Deadline next_;
  const char* why_ = "not checked yet";
  std::uint32_t failures_ = 0;
  bool healthy_ = false;
  bool once_well_ = false;
};

}  // namespace holdfast::proxy
