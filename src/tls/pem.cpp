#include "tls/pem.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "tls/x509.h"

namespace holdfast::tls {
namespace {

constexpr std::size_t most_certificates = 32;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> names;
  auto* all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    if (name->type != GEN_DNS) continue;
    const auto* data = ASN1_STRING_get0_data(name->d.dNSName);
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName));
    std::string text;
    for (std::size_t k = 0; k < size; ++k) text += static_cast<char>(data[k]);
    names.push_back(std::move(text));
  }
  GENERAL_NAMES_free(all);
  return names;
}

bool signed_by(X509* certificate, X509* authority) {
  const bool named = X509_check_issued(authority, certificate) == X509_V_OK;
  const bool is_signed = named && X509_verify(certificate, X509_get0_pubkey(authority)) == 1;
  ERR_clear_error();
  return is_signed;
}

// Without it OpenSSL would ask on the terminal.
int no_pass_phrase(char*, int, int, void*) noexcept { return -1; }

}  // namespace

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  // 64 bits of nanoseconds end in 2262, and certificates in 9999: a date beyond is taken for the last one.
  using std::chrono::seconds;
  constexpr auto first = std::chrono::ceil<seconds>(WallTime::min().time_since_epoch());
  constexpr auto last = std::chrono::floor<seconds>(WallTime::max().time_since_epoch());
  return WallTime(std::clamp(seconds(::timegm(&parts)), first, last));
}

CertificateFacts facts_of(const X509* certificate) {
  CertificateFacts facts;
  facts.not_before = time_of(X509_get0_notBefore(certificate));
  facts.not_after = time_of(X509_get0_notAfter(certificate));
  const Handle<BIO> line(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(line.get(), X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  facts.subject = text_of(line.get());
  facts.names = names_of(certificate);
  return facts;
}

Result<std::vector<Handle<X509>>, std::string> parse_certificates(std::string_view pem) {
  ERR_clear_error();
  const Handle<BIO> bio = reader(pem);
  std::vector<Handle<X509>> all;
  while (Handle<X509> one{PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr)}) {
    if (all.size() == most_certificates) return std::string("holds more than 32 certificates");
    all.push_back(std::move(one));
  }
  // The end of the text is told as an error, too.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (at_end) ERR_clear_error();
  if (all.empty() && at_end) return std::string("holds no certificate");
  if (!at_end) return "holds a certificate that cannot be read (" + take_error("malformed") + ")";
  return all;
}

Result<Handle<EVP_PKEY>, std::string> parse_key(std::string_view pem) {
  ERR_clear_error();
  const Handle<BIO> bio = reader(pem);
  Handle<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (key) return key;
  const bool none = pem.find("PRIVATE KEY-----") == std::string_view::npos;
  const bool locked = pem.find("ENCRYPTED") != std::string_view::npos;
  const std::string why = take_error("malformed");
  if (locked) return std::string("is encrypted; store it without a pass phrase");
  if (none) return std::string("holds no private key");
  return "cannot be read (" + why + ")";
}

std::string pem_of(const X509* certificate) {
  const Handle<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return text_of(bio.get());
}

std::string pem_of(const EVP_PKEY* key) {
  const Handle<BIO> bio(BIO_new(BIO_s_secmem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

Result<std::vector<CertificateFacts>, std::string> read_certificates(std::string_view pem) {
  const auto parsed = parse_certificates(pem);
  if (!parsed) return parsed.error();
  std::vector<CertificateFacts> facts;
  for (const Handle<X509>& one : parsed.value()) facts.push_back(facts_of(one.get()));
  return facts;
}

std::string signers_of(std::string_view chain, std::string_view bundle, WallTime now) {
  const auto leaf = parse_certificates(chain);
  const auto authorities = parse_certificates(bundle);
  std::string signers;
  if (!leaf || !authorities) return signers;
  for (const Handle<X509>& one : authorities.value()) {
    const bool live = time_of(X509_get0_notAfter(one.get())) > now;
    if (live && signed_by(leaf.value().front().get(), one.get())) signers += pem_of(one.get());
  }
  return signers;
}

bool bundle_has(std::string_view bundle, std::string_view pem) {
  const auto all = parse_certificates(bundle);
  const auto wanted = parse_certificates(pem);
  if (!all || !wanted) return false;
  for (const Handle<X509>& one : all.value()) {
    if (X509_cmp(one.get(), wanted.value().front().get()) == 0) return true;
  }
  return false;
}

std::string date_text(WallTime time) {
  const std::time_t seconds =
      std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::system_clock::duration>(time));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return {text.data(), size};
}

}  // namespace holdfast::tls
