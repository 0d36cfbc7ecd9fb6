// requestId: which id an exchange has.
#include "policies/request_id.h"

#include <set>

#include "support.h"

namespace holdfast::policies {
namespace {

std::string_view id_for(TestWorker& worker, const TestWorker::Lines& fields) {
  worker.begin("GET", "/", fields);
  CHECK_FALSE(worker.request().has_value());
  return worker.x.id();
}

TEST_CASE("requestId: a client's harmless id names the exchange, in the app and in the response") {
  TestWorker worker{{}};
  CHECK(id_for(worker, {{"X-Request-ID", "order-2026.11_22"}}) == "order-2026.11_22");
  CHECK_FALSE(worker.x.request_id_replaced);
  CHECK(edited(worker.x.request_edits, "x-request-id") == "order-2026.11_22");
  worker.respond(200);
  CHECK(edited(worker.x.response_edits, "x-request-id") == "order-2026.11_22");
}

TEST_CASE("requestId: without one from the client, the id made at the first byte stays and counts as no replacement") {
  TestWorker worker{{}};
  CHECK(id_for(worker, {}) == "made-by-engine");
  CHECK_FALSE(worker.x.request_id_replaced);
  CHECK(edited(worker.x.request_edits, "x-request-id") == "made-by-engine");
}

TEST_CASE("requestId: a doubled, short, long or strange id is replaced, and the line says so") {
  TestWorker worker{{}};
  const std::string longest(128, 'a');
  CHECK(id_for(worker, {{"x-request-id", longest}}) == longest);
  for (const std::string& bad : {std::string("short"), std::string(129, 'a'), std::string("has space"),
                                 std::string("quote\"quote"), std::string("caf\xc3\xa9-1234"), std::string()}) {
    CHECK(id_for(worker, {{"x-request-id", bad}}) == "made-by-engine");
    CHECK(worker.x.request_id_replaced);
  }
  CHECK(id_for(worker, {{"x-request-id", "same-same"}, {"x-request-id", "same-same"}}) == "made-by-engine");
  CHECK(worker.x.request_id_replaced);
}

TEST_CASE("requestId: the name of the field and the length are the configured ones") {
  TestWorker worker{
      TestConfiguration().set("requestId.header", "x-correlation-id").set("requestId.acceptLength", "1-3")};
  CHECK(worker.plan->listener.request_id_header == "x-correlation-id");
  CHECK(id_for(worker, {{"X-Correlation-Id", "abc"}}) == "abc");
  CHECK(id_for(worker, {{"X-Correlation-Id", "abcd"}}) == "made-by-engine");
  CHECK(id_for(worker, {{"x-request-id", "abc"}}) == "made-by-engine");
}

TEST_CASE("requestId: disabled, ids are for the log only and the client's field passes as it is") {
  TestWorker worker{TestConfiguration().mode("requestId", config::Mode::disabled)};
  CHECK(worker.plan->listener.request_id_header.empty());
  CHECK(id_for(worker, {{"x-request-id", "order-2026"}}) == "made-by-engine");
  CHECK(worker.x.request_edits.size == 0);
  CHECK(worker.x.request.marks == 0);
}

TEST_CASE("requestId: ids that are made are UUIDs of version 4 and never the same") {
  RequestIdSource source(0, 0);
  Exchange x;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    source.make(x);
    const std::string id(x.id());
    REQUIRE(id.size() == 36);
    for (std::size_t at = 0; at < id.size(); ++at) {
      const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
      CHECK((dash ? id[at] == '-' : hex_value(id[at]) >= 0));
    }
    CHECK(id[14] == '4');
    CHECK(contains("89ab", id.substr(19, 1)));
    CHECK(seen.insert(id).second);
  }
}

}  // namespace
}  // namespace holdfast::policies
