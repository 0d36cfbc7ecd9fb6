// Certificates: what is issued can be used, and what cannot be used is told in a sentence.
#include <doctest/doctest.h>

#include "conversation.h"
#include "tls/handles.h"
#include "tls/pem.h"
#include "tls/x509.h"

namespace holdfast::tls::testing {
namespace {

std::string serial_of(const Issued& issued) {
  const auto all = parse_certificates(issued.certificate);
  REQUIRE(all.has_value());
  const Handle<BIGNUM> number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(all.value().front().get()), nullptr));
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), static_cast<unsigned char*>(static_cast<void*>(bytes.data())));
  CHECK(bytes.size() > 8);
  return bytes;
}

// The certificate with other dates, signed by its own key.
std::string dated(const Issued& issued, const char* not_before, const char* not_after) {
  const auto all = parse_certificates(issued.certificate);
  const auto key = parse_key(issued.key);
  REQUIRE(all.has_value());
  REQUIRE(key.has_value());
  X509* certificate = all.value().front().get();
  CHECK(ASN1_TIME_set_string(X509_getm_notBefore(certificate), not_before) == 1);
  CHECK(ASN1_TIME_set_string(X509_getm_notAfter(certificate), not_after) == 1);
  CHECK(X509_sign(certificate, key.value().get(), EVP_sha256()) > 0);
  return pem_of(certificate);
}

}  // namespace

TEST_CASE("issue: a certificate is for its names, signed by its authority, and valid as asked") {
  const Pair pair = make_pair({today - std::chrono::minutes(10), today + std::chrono::hours(24 * 90)});
  const auto facts = read_certificates(pair.server.certificate);
  REQUIRE(facts.has_value());
  REQUIRE(facts.value().size() == 1);
  CHECK(facts.value()[0].names == std::vector<std::string>{"webhook.test.svc"});
  CHECK(facts.value()[0].not_before == today - std::chrono::minutes(10));
  CHECK(facts.value()[0].not_after == today + std::chrono::hours(24 * 90));
  CHECK(facts.value()[0].subject == "O = Holdfast, CN = webhook.test.svc");
  CHECK(signers_of(pair.server.certificate, pair.authority.certificate, today) == pair.authority.certificate);
  CHECK(bundle_has(pair.authority.certificate, pair.authority.certificate));
}

TEST_CASE("issue: two certificates share neither serial nor key") {
  const Pair one = make_pair();
  const auto another = issue_server(one.authority, {"webhook.test.svc"}, always);
  REQUIRE(another.has_value());
  CHECK(serial_of(another.value()) != serial_of(one.server));
  CHECK(serial_of(one.authority) != serial_of(one.server));
  CHECK(another.value().key != one.server.key);
}

TEST_CASE("issue: no certificate outlives its authority, and none comes from an expired one") {
  const auto authority = issue_authority("short", {today, today + std::chrono::hours(24)});
  REQUIRE(authority.has_value());
  const auto server = issue_server(authority.value(), {"a.svc"}, {today, today + std::chrono::hours(24 * 365)});
  REQUIRE(server.has_value());
  CHECK(read_certificates(server.value().certificate).value()[0].not_after == today + std::chrono::hours(24));
  const auto late =
      issue_server(authority.value(), {"a.svc"}, {today + std::chrono::hours(25), today + std::chrono::hours(26)});
  REQUIRE(!late.has_value());
  CHECK(late.error() == "the authority in ca.crt has expired");
}

TEST_CASE("issue: a key of another authority is refused") {
  const auto refused = issue_server({make_pair().authority.certificate, make_pair().authority.key}, {"a.svc"}, always);
  REQUIRE(!refused.has_value());
  CHECK(refused.error() == "ca.key is not the key of the authority in ca.crt");
}

TEST_CASE("pem: an authority of the same name that did not sign is no signer, nor is one that has expired") {
  const Pair ours = make_pair();
  const Pair theirs = make_pair();
  CHECK(signers_of(ours.server.certificate, theirs.authority.certificate, today).empty());
  CHECK(signers_of(ours.server.certificate, theirs.authority.certificate + ours.authority.certificate, today) ==
        ours.authority.certificate);
  CHECK(signers_of(ours.server.certificate, ours.authority.certificate, today + std::chrono::hours(24 * 4000)).empty());
}

TEST_CASE("context: what cannot be served with is told in a sentence that names the file") {
  const Pair good = make_pair();
  const Pair other = make_pair();
  const std::string& certificate = good.server.certificate;
  const std::string& key = good.server.key;
  struct Row {
    std::string chain;
    std::string key;
    const char* sentence;
  };
  const Row rows[] = {
      {"", key, "tls.crt holds no certificate"},
      {"no certificate at all", key, "tls.crt holds no certificate"},
      {key, key, "tls.crt holds no certificate"},
      {certificate.substr(0, certificate.size() / 2), key, "tls.crt holds a certificate that cannot be read ("},
      {certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", key,
       "tls.crt holds a certificate that cannot be read ("},
      {certificate, "", "tls.key holds no private key"},
      {certificate, certificate, "tls.key holds no private key"},
      {certificate, key.substr(0, key.size() / 2), "tls.key cannot be read ("},
      {certificate, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
       "tls.key is encrypted; store it without a pass phrase"},
      {certificate, other.server.key, "tls.key is not the key of the certificate in tls.crt"},
  };
  for (const Row& row : rows) {
    const auto context = ServerContext::from_pem(row.chain, row.key);
    REQUIRE(!context.has_value());
    CHECK_MESSAGE(context.error().starts_with(row.sentence), context.error());
  }
  const auto chain = ServerContext::from_pem(certificate + good.authority.certificate, key);
  REQUIRE(chain.has_value());
  CHECK(chain.value().facts().names.front() == "webhook.test.svc");
}

TEST_CASE("pem: a certificate without an end (RFC 5280 4.1.2.5) is valid, and dates beyond the clock stay in order") {
  const Pair pair = make_pair();
  struct Row {
    const char* not_before;
    const char* not_after;
    bool begun;
    bool over;
  };
  const Row rows[] = {
      {"20200101000000Z", "22620411000000Z", true, false}, {"20200101000000Z", "22620412000000Z", true, false},
      {"20200101000000Z", "99991231235959Z", true, false}, {"00010101000000Z", "99991231235959Z", true, false},
      {"00010101000000Z", "16000101000000Z", true, true},  {"29990101000000Z", "99991231235959Z", false, false}};
  for (const Row& row : rows) {
    CAPTURE(row.not_after);
    const auto context = ServerContext::from_pem(dated(pair.server, row.not_before, row.not_after), pair.server.key);
    REQUIRE(context.has_value());
    CHECK((context.value().facts().not_before <= today) == row.begun);
    CHECK((context.value().facts().not_after <= today) == row.over);
  }
}

TEST_CASE("pem: dates are shown in UTC") { CHECK(date_text(today) == "2027-01-15 08:00:00 UTC"); }

}  // namespace holdfast::tls::testing
