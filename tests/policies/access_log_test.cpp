// accessLog: the line of an exchange, byte for byte where it matters.
#include "support.h"

namespace holdfast::policies {
namespace {

using namespace std::chrono_literals;

std::string line_for(TestWorker& worker) {
  const std::string line = worker.complete();
  CHECK(line.ends_with("}\n"));
  return line;
}

TEST_CASE("accessLog: a line tells the whole exchange") {
  TestWorker worker{TestConfiguration().route("users", "GET", "/users")};
  worker.begin("GET", "/users?limit=3&token=hunter2",
               {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}});
  CHECK_FALSE(worker.request());
  worker.x.bytes_out = 40;
  worker.x.upstream_connection = 5;
  worker.x.upstream_nth = 2;
  worker.x.upstream_reused = true;
  worker.respond(200);
  CHECK(
      line_for(worker) ==
      R"({"ts":"2023-11-14T22:13:20.030000Z","level":"info","msg":"request","service":"users","request_id":"made-by-engine",)"
      R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","method":"GET","path":"/users?limit=3&token=[redacted]","route":"users",)"
      R"("status":200,"reason":"ok","blame":"none","client":"192.0.2.7","bytes_in":0,"bytes_out":40,)"
      R"("ms":{"total":30.000,"headers":0.000,"queue":0.000,"connect":0.000,"first_byte":20.000,"body":10.000},)"
      R"("conn":{"id":17,"reused":true,"nth":3},"upstream":{"id":5,"reused":true,"nth":2},"truncated":false})"
      "\n");
}

TEST_CASE("accessLog: a failure names its reason, its blame and the line of the file that ended it") {
  TestWorker worker{TestConfiguration().set("timeouts.firstByte", "2s")};
  worker.begin();
  worker.x.error = {.reason = Reason::upstream_first_byte_slow, .rule = worker.plan->routes[0].first_byte.rule};
  worker.x.status = failure(worker.x.error.reason).status;
  const std::string line = line_for(worker);
  CHECK(contains(line, R"("level":"error")"));
  CHECK(contains(line,
                 R"("reason":"app_first_byte_slow","blame":"app","policy":"timeouts.firstByte timeouts.firstByte")"));
}

TEST_CASE("accessLog: 5xx are errors, what we shed or refuse is a warning, a client that left is news") {
  TestWorker worker{{}};
  const auto level_of = [&](Reason reason, std::uint16_t status) {
    worker.begin();
    worker.x.error = {.reason = reason};
    worker.x.status = status;
    const std::string lines = worker.complete();
    const std::string_view last = std::string_view(lines).substr(lines.rfind("{\"ts\""));
    for (const std::string_view level : {"info", "warn", "error"}) {
      if (contains(last, "\"level\":\"" + std::string(level) + "\"")) return std::string(level);
    }
    return std::string("none");
  };
  CHECK(level_of(Reason::ok, 200) == "info");
  CHECK(level_of(Reason::ok, failure(Reason::bad_request).status) == "info");  // the app's own
  CHECK(level_of(Reason::downstream_gone, failure(Reason::downstream_gone).status) == "info");
  for (const Reason ours : {Reason::bad_request, Reason::body_too_large, Reason::rate_limited, Reason::queue_full,
                            Reason::draining, Reason::too_many_connections, Reason::memory_pressure}) {
    CHECK(level_of(ours, failure(ours).status) == "warn");
  }
  CHECK(level_of(Reason::upstream_truncated, 200) == "warn");
  for (const Reason bad :
       {Reason::upstream_refused, Reason::upstream_not_ready, Reason::internal, Reason::upstream_connect_slow}) {
    CHECK(level_of(bad, failure(bad).status) == "error");
  }
}

TEST_CASE("accessLog: an unreadable request is told by rule and offset, and none of its bytes") {
  TestWorker worker{{}};
  worker.begin();
  worker.x.request_head_complete = false;
  worker.x.route = nullptr;
  worker.x.error = {.reason = Reason::bad_request, .detail = "obs-fold", .value = 45};
  worker.x.status = failure(Reason::bad_request).status;
  const std::string line = line_for(worker);
  CHECK(contains(line, R"("method":"","path":"","route":"unmatched")"));
  CHECK(contains(line, R"("cause":"obs-fold at byte 45")"));
  CHECK_FALSE(contains(line, "trace_id"));
}

TEST_CASE("accessLog: what was seen and what was allowed stand side by side") {
  TestWorker worker{{}};
  worker.begin("POST", "/");
  worker.x.error = {.reason = Reason::body_too_large,
                    .rule = worker.plan->routes[0].body.rule,
                    .value = 2'000'000,
                    .limit = 1'048'576};
  worker.x.status = failure(Reason::body_too_large).status;
  CHECK(contains(line_for(worker), R"("policy":"limits.body built in","value":2000000,"limit":1048576)"));
}

TEST_CASE("accessLog: a cause is redacted and cannot break the line") {
  TestWorker worker{{}};
  worker.begin("GET", "/\"\xff");
  worker.x.cause = "{\"password\":\"hunter2\"}\nboom \x1b[31m";
  worker.x.error = {.reason = Reason::upstream_5xx};
  worker.respond(500);
  const std::string line = line_for(worker);
  CHECK_FALSE(contains(line, "hunter2"));
  CHECK(contains(line, "[redacted]"));
  CHECK(contains(line, "\"path\":\"/\\\"\xef\xbf\xbd\""));  // U+FFFD
  CHECK(line.find('\n') == line.size() - 1);
  CHECK(line.find('\x1b') == std::string::npos);
}

TEST_CASE("accessLog: what report mode would have done stands in the line") {
  TestWorker worker{{}};
  worker.begin("GET", "/", {{"x-request-id", "no"}});
  CHECK_FALSE(worker.request());
  worker.x.would_have(Reason::rate_limited, worker.plan->rule("rateLimit", "rate"));
  worker.x.would_have(Reason::body_too_large, worker.plan->rule("limits", "body"));
  worker.respond(200);
  const std::string line = line_for(worker);
  CHECK(contains(line, R"("would":"rate_limited rateLimit.rate built in, body_too_large limits.body built in")"));
  CHECK(contains(line, R"("request_id_replaced":true)"));
}

TEST_CASE("accessLog: when a client leaves, the line says how long the app had been silent") {
  TestWorker worker{{}};
  worker.begin();
  worker.x.at.admitted = worker.x.at.connected = worker.now;
  worker.x.at.request_sent = worker.now + 100ms;
  worker.x.at.response_done = worker.now + 4100ms;
  worker.x.error = {.reason = Reason::downstream_gone};
  worker.x.status = failure(Reason::downstream_gone).status;
  CHECK(contains(line_for(worker), R"("app_silent":4000.000)"));
}

TEST_CASE("accessLog: sample thins out what went well, by request id, and never a failure") {
  TestWorker worker{TestConfiguration().set("accessLog.sample", "50%")};
  const auto logged = [&](std::string_view id, Reason reason) {
    worker.begin();
    worker.x.request_id_size =
        static_cast<std::uint8_t>(write_text(worker.x.request_id.data(), id) - worker.x.request_id.data());
    worker.x.error = {.reason = reason};
    worker.x.status = 200;
    const std::size_t before = worker.complete().size();
    return worker.complete().size() - before;
  };
  int kept = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string id = "id-" + std::to_string(i);
    const bool first = logged(id, Reason::ok) != 0;
    CHECK((logged(id, Reason::ok) != 0) == first);
    CHECK(logged(id, Reason::upstream_truncated) != 0);
    kept += first ? 1 : 0;
  }
  CHECK(kept > 30);
  CHECK(kept < 70);
}

TEST_CASE("accessLog: disabled, or above its level, nothing is written") {
  TestWorker disabled{TestConfiguration().mode("accessLog", config::Mode::disabled)};
  disabled.begin();
  disabled.respond(500);
  CHECK(disabled.complete().empty());

  TestWorker quiet{{}};
  quiet.set_access_level(telemetry::Level::warn);
  quiet.begin();
  quiet.respond(200);
  CHECK(quiet.complete().empty());
}

TEST_CASE("accessLog: a path as long as the head may be is cut, and the line stays whole") {
  TestWorker worker{{}};
  const std::string target = "/" + std::string(100'000, 'a');
  worker.begin("GET", target);
  worker.x.cause = std::string(8192, '\x01');
  worker.respond(200);
  const std::string line = line_for(worker);
  CHECK(line.size() < (64U << 10U));
  CHECK(contains(line, "aaa…"));
  CHECK(contains(line, R"("truncated":false)"));
}

}  // namespace
}  // namespace holdfast::policies
