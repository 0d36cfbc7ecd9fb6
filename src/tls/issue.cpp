#include "tls/issue.h"

#include <openssl/ec.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "tls/x509.h"

namespace holdfast::tls {
namespace {

constexpr int serial_bits = 127;                 // RFC 5280 4.1.2.2: at most 20 octets, positive
constexpr std::size_t longest_common_name = 64;  // RFC 5280 A.1

using Made = Result<Handle<X509>, std::string>;

std::string cannot(std::string_view what) {
  return "cannot make " + std::string(what) + " (" + take_error("out of memory") + ")";
}

bool set_serial(X509* certificate) {
  const Handle<BIGNUM> number(BN_new());
  return number && BN_rand(number.get(), serial_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, const Validity& validity) {
  const auto seconds = [](WallTime time) {
    return static_cast<time_t>(std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
  };
  return ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(validity.from)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(validity.until)) != nullptr;
}

bool set_subject(X509* certificate, std::string_view common_name) {
  std::string bytes(common_name.substr(0, longest_common_name));
  X509_NAME* name = X509_get_subject_name(certificate);
  const std::string organization = "Holdfast";
  const auto raw = [](const std::string& text) {
    return static_cast<const unsigned char*>(static_cast<const void*>(text.data()));
  };
  return X509_NAME_add_entry_by_NID(name, NID_organizationName, MBSTRING_UTF8, raw(organization),
                                    static_cast<int>(organization.size()), -1, 0) == 1 &&
         X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, raw(bytes), static_cast<int>(bytes.size()), -1,
                                    0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Handle<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Everything but issuer, extensions and signature.
Made begin(EVP_PKEY* key, std::string_view common_name, const Validity& validity) {
  Handle<X509> certificate(X509_new());
  const bool made = certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                    set_serial(certificate.get()) && set_validity(certificate.get(), validity) &&
                    set_subject(certificate.get(), common_name) && X509_set_pubkey(certificate.get(), key) == 1;
  if (!made) return cannot("a certificate");
  return certificate;
}

Issued finished(const X509* certificate, const EVP_PKEY* key) { return {pem_of(certificate), pem_of(key)}; }

}  // namespace

Result<Issued, std::string> issue_authority(const std::string& common_name, const Validity& validity) {
  ERR_clear_error();
  const Handle<EVP_PKEY> key(EVP_EC_gen("P-256"));
  if (!key) return cannot("a key");
  auto made = begin(key.get(), common_name, validity);
  if (!made) return made.error();
  X509* authority = made.value().get();
  const bool signed_by_itself =
      X509_set_issuer_name(authority, X509_get_subject_name(authority)) == 1 &&
      add_extension(authority, authority, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      add_extension(authority, authority, NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(authority, authority, NID_subject_key_identifier, "hash") &&
      X509_sign(authority, key.get(), EVP_sha256()) > 0;
  if (!signed_by_itself) return cannot("an authority");
  return finished(authority, key.get());
}

Result<Issued, std::string> issue_server(const Issued& authority, const std::vector<std::string>& names,
                                         Validity validity) {
  const auto parents = parse_certificates(authority.certificate);
  if (!parents) return "ca.crt " + parents.error();
  const auto parent_key = parse_key(authority.key);
  if (!parent_key) return "ca.key " + parent_key.error();
  X509* parent = parents.value().front().get();
  if (X509_check_private_key(parent, parent_key.value().get()) != 1) {
    ERR_clear_error();
    return std::string("ca.key is not the key of the authority in ca.crt");
  }
  validity.until = std::min(validity.until, time_of(X509_get0_notAfter(parent)));
  validity.from = std::max(validity.from, time_of(X509_get0_notBefore(parent)));
  if (validity.until <= validity.from) return std::string("the authority in ca.crt has expired");
  const Handle<EVP_PKEY> key(EVP_EC_gen("P-256"));
  if (!key) return cannot("a key");
  auto made = begin(key.get(), names.front(), validity);
  if (!made) return made.error();
  X509* certificate = made.value().get();
  std::string alternatives;
  for (const std::string& name : names) alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
  const bool is_signed = X509_set_issuer_name(certificate, X509_get_subject_name(parent)) == 1 &&
                         add_extension(certificate, parent, NID_basic_constraints, "critical,CA:FALSE") &&
                         add_extension(certificate, parent, NID_key_usage, "critical,digitalSignature") &&
                         add_extension(certificate, parent, NID_ext_key_usage, "serverAuth") &&
                         add_extension(certificate, parent, NID_subject_key_identifier, "hash") &&
                         add_extension(certificate, parent, NID_authority_key_identifier, "keyid:always") &&
                         add_extension(certificate, parent, NID_subject_alt_name, alternatives) &&
                         X509_sign(certificate, parent_key.value().get(), EVP_sha256()) > 0;
  if (!is_signed) return cannot("a serving certificate");
  return finished(certificate, key.get());
}

}  // namespace holdfast::tls
