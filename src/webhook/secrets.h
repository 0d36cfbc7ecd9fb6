// secrets: the two Secrets that hold the webhook's certificates, read from YAML or JSON and written as YAML.
#pragma once

#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"
#include "tls/issue.h"

namespace holdfast::webhook {

struct Secrets {
  std::string namespace_name;
  std::string service;
  tls::Issued serving;    // tls.crt and tls.key
  std::string bundle;     // ca.crt beside them: whom API servers have to trust
  tls::Issued authority;  // ca.crt and ca.key
};

// What `kubectl get secret -o yaml` or to_yaml() wrote. The error is a sentence.
Result<Secrets, std::string> read_secrets(std::string_view text);

std::string to_yaml(const Secrets& secrets);

// RFC 6902: what API servers have to trust, in the MutatingWebhookConfiguration.
std::string ca_bundle_patch(const Secrets& secrets);

// The steps; errors are sentences.
struct Lifetimes {
  Duration serving{};
  Duration authority{};
};
Result<Secrets, std::string> make_secrets(const std::string& namespace_name, const std::string& service,
                                          const Lifetimes& lifetimes, WallTime now);
// A new authority, trusted beside the one that signed the certificate in use.
Result<Secrets, std::string> renew_authority(Secrets secrets, const Lifetimes& lifetimes, WallTime now);
// A new certificate by the authority, which alone is trusted from then on.
Result<Secrets, std::string> renew_certificate(Secrets secrets, const Lifetimes& lifetimes, WallTime now);

}  // namespace holdfast::webhook
