// x509: what pem.h reads, as OpenSSL's objects. For the files of this folder alone.
#pragma once

#include "tls/handles.h"
#include "tls/pem.h"

namespace holdfast::tls {

Result<std::vector<Handle<X509>>, std::string> parse_certificates(std::string_view pem);  // at least one
Result<Handle<EVP_PKEY>, std::string> parse_key(std::string_view pem);
CertificateFacts facts_of(const X509* certificate);
WallTime time_of(const ASN1_TIME* time);
std::string pem_of(const X509* certificate);
std::string pem_of(const EVP_PKEY* key);

}  // namespace holdfast::tls
