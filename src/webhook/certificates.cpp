#include "webhook/certificates.h"

#include "config/loader.h"

namespace holdfast::webhook {
namespace {

using telemetry::Area;
using telemetry::Family;
using telemetry::Level;

constexpr Duration look_every = std::chrono::seconds(5);

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : " ") + name;
  return all;
}

}  // namespace

Certificates::Certificates(proxy::WorkerContext& context, std::string directory, telemetry::Loggers& loggers,
                           telemetry::Registry& registry)
    : context_(context),
      directory_(std::move(directory)),
      loggers_(loggers),
      registry_(registry),
      watch_(context, *this),
      look_(&Certificates::look_due, this) {}

std::optional<std::string> Certificates::load() {
  watch_.watch({directory_ + "/tls.crt", directory_ + "/tls.key"});  // before they are read: what comes between counts
  auto loaded = read();
  if (!loaded) return loaded.error();
  use(std::move(loaded).value());
  return std::nullopt;
}

void Certificates::start() { look(); }

Result<tls::ServerContext, std::string> Certificates::read() const {
  const auto chain = config::read_file(directory_ + "/tls.crt");
  if (!chain) return chain.error().sentence;
  const auto key = config::read_file(directory_ + "/tls.key");
  if (!key) return key.error().sentence;
  return tls::ServerContext::from_pem(chain.value(), key.value());
}

std::optional<std::string> Certificates::trouble() const { return trouble_with(current_->facts()); }

std::optional<std::string> Certificates::trouble_with(const tls::CertificateFacts& facts) const {
  const WallTime now = context_.wall_now_at(context_.now);
  if (now >= facts.not_after) return "the certificate expired at " + tls::date_text(facts.not_after);
  if (now < facts.not_before) return "the certificate is not valid before " + tls::date_text(facts.not_before);
  return std::nullopt;
}

void Certificates::use(tls::ServerContext loaded) {
  const tls::CertificateFacts& facts = loaded.facts();
  loggers_.write(
      Area::config, Level::info, "certificate loaded",
      {{"subject", facts.subject}, {"names", joined(facts.names)}, {"expires", tls::date_text(facts.not_after)}});
  registry_.set(Family::certificate_expiry, {}, static_cast<std::uint64_t>(facts.not_after.time_since_epoch().count()));
  registry_.set(Family::certificate_reload_success, {}, 1);
  current_ = std::make_unique<const tls::ServerContext>(std::move(loaded));
  fault_.clear();
  trouble_told_ = false;
}

void Certificates::on_files_changed() noexcept {
  try {
    reload();
  } catch (...) {  // no memory for it: the next look tries again
    fault_ = "out of memory";
  }
}

void Certificates::reload() {
  auto loaded = read();
  const auto wrong = loaded ? trouble_with(loaded.value().facts()) : std::optional(loaded.error());
  if (!wrong) return use(std::move(loaded).value());
  if (*wrong != fault_) {
    loggers_.write(Area::config, Level::error, "certificate not reloaded: the one in use stays",
                   {{"cause", *wrong}, {"directory", directory_}});
  }
  fault_ = *wrong;
  registry_.set(Family::certificate_reload_success, {}, 0);
}

void Certificates::look() {
  context_.deadlines.arm(look_, context_.now, look_every);
  if (!fault_.empty()) reload();
  const auto wrong = trouble();
  if (!wrong) trouble_told_ = false;
  if (wrong && !std::exchange(trouble_told_, true)) {
    loggers_.write(Area::config, Level::error, "not ready: no client accepts this certificate", {{"cause", *wrong}});
  }
}

}  // namespace holdfast::webhook
