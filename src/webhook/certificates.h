// certificates: the certificate that the webhook serves with, from a directory with tls.crt and tls.key.
//
// Reloaded when the files change, also through the symlink swap of a mounted Secret; a faulty pair is told and the one
// in use stays. What was not accepted is tried again, since it may have been read in the middle of a swap, or come
// before its time. Control thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/deadline.h"
#include "proxy/context.h"
#include "proxy/watch.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "tls/server_context.h"

namespace holdfast::webhook {

class Certificates final : public proxy::WatchUser {
 public:
  Certificates(proxy::WorkerContext& context, std::string directory, telemetry::Loggers& loggers,
               telemetry::Registry& registry);

  // At the start: what is wrong with the files, if anything. An expired certificate is none of it: see trouble().
  std::optional<std::string> load();
  // After a load that succeeded.
  void start();
  const tls::ServerContext& current() const noexcept { return *current_; }
  // Why clients refuse the certificate in use: it has expired, or is not valid yet.
  std::optional<std::string> trouble() const;

  void on_files_changed() noexcept override;

 private:
  Result<tls::ServerContext, std::string> read() const;
  std::optional<std::string> trouble_with(const tls::CertificateFacts& facts) const;
  void use(tls::ServerContext loaded);
  void reload();
  void look();
  static void look_due(void* self) { static_cast<Certificates*>(self)->look(); }

  proxy::WorkerContext& context_;
  std::string directory_;
  telemetry::Loggers& loggers_;
  telemetry::Registry& registry_;
  std::unique_ptr<const tls::ServerContext> current_;  // there once load() has succeeded
  proxy::Watch watch_;
  Deadline look_;
  std::string fault_;  // of the last reload; empty: it succeeded
  bool trouble_told_ = false;
};

}  // namespace holdfast::webhook
