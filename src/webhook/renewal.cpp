// The steps of a renewal: at each moment API servers trust who signed what the webhook serves with.
#include "tls/pem.h"
#include "webhook/secrets.h"

namespace holdfast::webhook {
namespace {

constexpr Duration clock_skew = std::chrono::minutes(10);  // between whoever makes a certificate and who checks it

tls::Validity validity_of(Duration lifetime, WallTime now) { return {now - clock_skew, now + lifetime}; }

Result<tls::Issued, std::string> new_authority(const std::string& service, const Lifetimes& lifetimes, WallTime now) {
  return tls::issue_authority(service + " authority of " + tls::date_text(now).substr(0, 10),
                              validity_of(lifetimes.authority, now));
}

}  // namespace

Result<Secrets, std::string> make_secrets(const std::string& namespace_name, const std::string& service,
                                          const Lifetimes& lifetimes, WallTime now) {
  Secrets made{namespace_name, service, {}, {}, {}};
  auto authority = new_authority(service, lifetimes, now);
  if (!authority) return authority.error();
  made.authority = std::move(authority).value();
  made.bundle = made.authority.certificate;
  const std::string host = service + "." + namespace_name + ".svc";
  auto serving =
      tls::issue_server(made.authority, {host, host + ".cluster.local"}, validity_of(lifetimes.serving, now));
  if (!serving) return serving.error();
  made.serving = std::move(serving).value();
  return made;
}

Result<Secrets, std::string> renew_authority(Secrets secrets, const Lifetimes& lifetimes, WallTime now) {
  const auto serving = tls::read_certificates(secrets.serving.certificate);
  if (!serving) return "tls.crt " + serving.error();
  const auto bundle = tls::read_certificates(secrets.bundle);
  if (!bundle) return "ca.crt " + bundle.error();
  std::string signers = tls::signers_of(secrets.serving.certificate, secrets.bundle, now);
  if (signers.empty() || serving.value().front().not_after <= now) {
    return std::string(
        "nothing is left to renew without a gap: tls.crt, or the authority in ca.crt that signed it, has expired or is "
        "not there; fix: make new ones with `holdfast certs`");
  }
  auto authority = new_authority(secrets.service, lifetimes, now);
  if (!authority) return authority.error();
  secrets.authority = std::move(authority).value();
  secrets.bundle = std::move(signers) + secrets.authority.certificate;
  return secrets;
}

Result<Secrets, std::string> renew_certificate(Secrets secrets, const Lifetimes& lifetimes, WallTime now) {
  const auto serving = tls::read_certificates(secrets.serving.certificate);
  if (!serving) return "tls.crt " + serving.error();
  if (serving.value().front().names.empty()) return std::string("tls.crt is for no DNS name");
  if (!tls::bundle_has(secrets.bundle, secrets.authority.certificate)) {
    return std::string(
        "API servers may not trust the authority of the -ca Secret: ca.crt beside tls.crt does not have it; fix: renew "
        "the authority first (--renew authority)");
  }
  auto issued =
      tls::issue_server(secrets.authority, serving.value().front().names, validity_of(lifetimes.serving, now));
  if (!issued) return issued.error();
  secrets.serving = std::move(issued).value();
  secrets.bundle = secrets.authority.certificate;
  return secrets;
}

}  // namespace holdfast::webhook
