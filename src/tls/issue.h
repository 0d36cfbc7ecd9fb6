// issue: makes certificate authorities, and serving certificates signed by them. ECDSA on P-256, SHA-256.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"

namespace holdfast::tls {

struct Issued {  // PEM
  std::string certificate;
  std::string key;  // PKCS #8
};

struct Validity {
  WallTime from{};
  WallTime until{};
};

// The errors are sentences.
Result<Issued, std::string> issue_authority(const std::string& common_name, const Validity& validity);

// For servers of these DNS names; the first is the common name too, as far as it fits. Not valid longer than the
// authority, whose key must be its own.
Result<Issued, std::string> issue_server(const Issued& authority, const std::vector<std::string>& names,
                                         Validity validity);

}  // namespace holdfast::tls
