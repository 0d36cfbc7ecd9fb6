// pem: certificates and private keys as text, and what can be said about them.
//
// Texts are bounded by whoever reads them. Nothing here asks for a pass phrase: an encrypted key is refused.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"

namespace holdfast::tls {

struct CertificateFacts {
  WallTime not_before{};
  WallTime not_after{};
  std::string subject;             // one line
  std::vector<std::string> names;  // DNS names it is for
};

// The certificates of a PEM text, in order; the error is a sentence without its subject: "holds no certificate".
Result<std::vector<CertificateFacts>, std::string> read_certificates(std::string_view pem);

// The certificates of `bundle` that signed the first one of `chain`, as PEM, and were not expired at `now`.
std::string signers_of(std::string_view chain, std::string_view bundle, WallTime now);

// Whether the bundle has the first certificate of `pem`.
bool bundle_has(std::string_view bundle, std::string_view pem);

std::string date_text(WallTime time);  // `2026-11-30 01:02:03 UTC`

}  // namespace holdfast::tls
