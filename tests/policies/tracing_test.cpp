// tracing: which traceparent is valid, and what becomes of the others.
#include "support.h"

namespace holdfast::policies {
namespace {

using http::FieldId;

constexpr std::string_view good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string_view trace_of(TestWorker& worker, const TestWorker::Lines& fields) {
  worker.begin("GET", "/", fields);
  CHECK_FALSE(worker.request().has_value());
  CHECK(worker.x.trace.known);
  return {worker.x.trace.trace_id.data(), worker.x.trace.trace_id.size()};
}

TEST_CASE("tracing: a valid traceparent passes with its tracestate and names our lines") {
  TestWorker worker{{}};
  CHECK(trace_of(worker, {{"traceparent", good}, {"tracestate", "congo=t61rcWkgMzE"}}) ==
        "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(worker.x.request_edits.drop.bits == 0);
  CHECK(edited(worker.x.request_edits, "traceparent").empty());
}

TEST_CASE("tracing: what a later version appends is accepted") {
  TestWorker worker{{}};
  CHECK(trace_of(worker, {{"traceparent", "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes"}}) ==
        "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(worker.x.request_edits.drop.bits == 0);
}

TEST_CASE("tracing: an invalid traceparent is removed with its tracestate, and our lines have an id of their own") {
  TestWorker worker{{}};
  for (const std::string_view bad : {"", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                                     "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                     "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                     "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
                                     "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                     "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x"}) {
    const std::string_view trace = trace_of(worker, {{"traceparent", bad}, {"tracestate", "congo=1"}});
    CHECK_MESSAGE(worker.x.request_edits.drop.has(FieldId::traceparent), bad);
    CHECK(worker.x.request_edits.drop.has(FieldId::tracestate));
    CHECK(trace != "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(trace.find_first_not_of("0123456789abcdef") == std::string_view::npos);
  }
}

TEST_CASE("tracing: two traceparents are none") {
  TestWorker worker{{}};
  CHECK(trace_of(worker, {{"traceparent", good}, {"traceparent", good}}) != "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(worker.x.request_edits.drop.has(FieldId::traceparent));
}

TEST_CASE("tracing: without a traceparent each exchange gets another trace id, and nothing is sent to the app") {
  TestWorker worker{{}};
  const std::string first(trace_of(worker, {}));
  CHECK(worker.x.request_edits.drop.bits == 0);
  CHECK(edited(worker.x.request_edits, "traceparent").empty());
  CHECK(first != trace_of(worker, {}));
}

TEST_CASE("tracing: disabled, a traceparent passes unread") {
  TestWorker worker{TestConfiguration().mode("tracing", config::Mode::disabled)};
  worker.begin("GET", "/", {{"traceparent", "broken"}});
  CHECK_FALSE(worker.request().has_value());
  CHECK_FALSE(worker.x.trace.known);
  CHECK(worker.x.request_edits.drop.bits == 0);
}

}  // namespace
}  // namespace holdfast::policies
