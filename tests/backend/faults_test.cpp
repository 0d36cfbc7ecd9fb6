// The fault routes as plans, and the service that adds them and catches what they throw.
#include "backend/faults.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace {

using namespace users;
using std::chrono::milliseconds;
using std::chrono::seconds;

Request get(std::string path, std::string query = "") {
  return {"GET", "1.1", std::move(path), std::move(query), {}, ""};
}

Reply reply_of(const Request& request) {
  const auto plan = plan_fault(request);
  REQUIRE(plan.has_value());
  const auto* reply = std::get_if<Reply>(&*plan);
  REQUIRE(reply != nullptr);
  return *reply;
}

template <class Wanted>
Wanted fault_of(const Request& request) {
  const auto plan = plan_fault(request);
  REQUIRE(plan.has_value());
  const auto* fault = std::get_if<Fault>(&*plan);
  REQUIRE(fault != nullptr);
  const auto* wanted = std::get_if<Wanted>(fault);
  REQUIRE(wanted != nullptr);
  return *wanted;
}

}  // namespace

TEST_CASE("faults: parameters have defaults and are read by their whole name") {
  CHECK(fault_of<Slow>(get("/slow", "ms=250")).wait == milliseconds(250));
  CHECK(fault_of<Slow>(get("/slow", "xms=250&msx=3")).wait == seconds(1));
  CHECK(fault_of<Big>(get("/big", "bytes=5&rate=10&chunked=1")).bytes == 5);
  CHECK(fault_of<Big>(get("/big", "bytes=5&rate=10&chunked=1")).bytes_per_second == 10);
  CHECK(fault_of<Big>(get("/big", "bytes=5&rate=10&chunked=1")).chunked);
  CHECK(fault_of<Events>(get("/stream", "n=3")).count == 3);
  CHECK(fault_of<Events>(get("/stream")).interval == milliseconds(200));
}

TEST_CASE("faults: a parameter out of range is 400") {
  for (const auto& request : {get("/slow", "ms="), get("/slow", "ms=-1"), get("/slow", "ms=3600001"),
                              get("/big", "bytes=1x"), get("/big", "chunked=2"), get("/stream", "n=z")}) {
    CAPTURE(request.query);
    CHECK(reply_of(request).status == 400);
  }
}

TEST_CASE("faults: /echo gives the content back, with headers=1 everything that was received") {
  Request request = get("/echo");
  request.method = "PATCH";
  request.body = "hello";
  CHECK(reply_of(request).body == "hello");
  request.query = "headers=1";
  request.fields = {{"Host", "x"}, {"X-A", "1"}, {"X-A", "2"}};
  CHECK(reply_of(request).body == R"({"method":"PATCH","path":"/echo?headers=1","version":"1.1",)"
                                  R"("headers":[["Host","x"],["X-A","1"],["X-A","2"]],"body":"hello"})");
}

TEST_CASE("faults: /boom throws") { CHECK_THROWS_AS(static_cast<void>(plan_fault(get("/boom"))), std::runtime_error); }

TEST_CASE("faults: /leak shows a stack trace, SQL, an internal host and two telling headers") {
  const Reply reply = reply_of(get("/leak"));
  CHECK(reply.status == 500);
  for (const char* part : {"Traceback", "SELECT", ".internal"}) CHECK(reply.body.find(part) != std::string::npos);
  REQUIRE(reply.fields.size() == 2);
  CHECK(reply.fields[0].name == "Server");
  CHECK(reply.fields[1].name == "X-Powered-By");
}
