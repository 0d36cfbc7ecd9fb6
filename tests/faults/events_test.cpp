// An exception in the handling of any event, in every state in which that event is a broken invariant: it costs the
// exchange it strikes and nothing else.
//
// The event comes about as it does in traffic; only the state of the exchange was changed before, so that handling it
// throws. Meanwhile another client's exchange is under way on the same worker.
#include <algorithm>
#include <array>
#include <cerrno>

#include "conversations.h"
#include "core/check.h"
#include "proxy/exchange.h"

namespace holdfast::proxy {

class ExchangeProbe {
 public:
  static void put(Exchange& exchange, RequestHalf request, ResponseHalf response) {
    exchange.request_half_ = request;
    exchange.response_half_ = response;
  }
};

}  // namespace holdfast::proxy

namespace holdfast::testing {
namespace {

using proxy::Event;
using proxy::RequestHalf;
using proxy::ResponseHalf;

constexpr std::string_view get = "GET /struck HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view half_a_head = "GET /struck HTTP/1.1\r\nHost: a\r\nX-Field";
constexpr std::string_view post = "POST /struck HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234";
constexpr std::string_view chunked_post =
    "POST /struck HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n";
constexpr std::string_view head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
constexpr std::string_view hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n";
constexpr std::string_view error_head = "HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\n01234";

constexpr Duration head_start = 50ms;  // of the exchange that is struck
constexpr Duration nearly_a_second = 970ms;

// The connection to the app that carries the request for `path`; null when none does.
Peer* asked_for(Scenario& s, std::string_view path) {
  for (std::size_t i = 0; i < s.dialled(); ++i) {
    if (s.app(i).open() && contains(s.app(i).received(), path)) return &s.app(i);
  }
  return nullptr;
}
void app_says(Scenario& s, std::string_view path, std::string_view bytes) {
  if (Peer* app = asked_for(s, path)) app->send(bytes);
}

struct Row {
  Event event;
  std::string_view policies;
  std::string_view request;   // of the client that is struck
  std::string_view response;  // the app's answer to it so far
  void (*happen)(Scenario& s, Peer& client);
  App app = App::accepts;  // until the event
  std::string_view reason = "internal";
};

constexpr std::string_view second = "  timeouts: {firstByte: 1s, clientHeaders: 1s, clientBodyIdle: 1s}";
constexpr std::string_view one_at_a_time = "  limits: {concurrency: 1, queue: 9, queueWait: 1s}";

void a_second_passes(Scenario& s, Peer&) { s.advance(nearly_a_second); }

// Downstream_lost is not here: no state makes it a broken invariant.
constexpr std::array table{
    Row{Event::request_head, "", half_a_head, "", [](Scenario&, Peer& c) { c.send(": x\r\n\r\n"); }},
    Row{Event::request_refused, "", half_a_head, "", [](Scenario&, Peer& c) { c.send(" : x\r\n\r\n"); }},
    Row{Event::admitted, one_at_a_time, get, "", [](Scenario& s, Peer&) { app_says(s, "/holds-the-slot", hello); }},
    Row{Event::origin_ready, "", get, "", [](Scenario& s, Peer&) { s.app_is(App::accepts); }, App::hangs},
    Row{Event::origin_failed, "", get, "", [](Scenario& s, Peer&) { s.dial_fails(ECONNREFUSED); }, App::hangs},
    Row{Event::request_content, "", post, "", [](Scenario&, Peer& c) { c.send("5"); }},
    Row{Event::request_end, "", chunked_post, "", [](Scenario&, Peer& c) { c.send("0\r\n\r\n"); }},
    Row{Event::response_interim, "", get, "",
        [](Scenario& s, Peer&) { app_says(s, "/struck", "HTTP/1.1 103 Early Hints\r\n\r\n"); }},
    Row{Event::response_head, "", get, "", [](Scenario& s, Peer&) { app_says(s, "/struck", head); }},
    Row{Event::response_content, "", get, head, [](Scenario& s, Peer&) { app_says(s, "/struck", "he"); }},
    Row{Event::response_end, "", get, chunked_head, [](Scenario& s, Peer&) { app_says(s, "/struck", "0\r\n\r\n"); }},
    Row{Event::upstream_lost, "", get, "", [](Scenario& s, Peer&) { asked_for(s, "/struck")->reset(); }},
    Row{Event::client_headers_due, second, half_a_head, "", a_second_passes},
    Row{Event::client_body_due, second, post, "", a_second_passes},
    Row{Event::queue_wait_due, one_at_a_time, get, "", a_second_passes},
    Row{Event::connect_due, "", get, "", a_second_passes, App::hangs},
    Row{Event::first_byte_due, second, get, "", a_second_passes},
    Row{Event::request_due, "  timeouts: {request: 1s, firstByte: 1s}", chunked_post, "", a_second_passes},
    Row{Event::stream_idle_due, "  timeouts: {streamIdle: 1s, firstByte: 1s}", get, head, a_second_passes},
    Row{Event::cause_due, "", get, error_head, a_second_passes, App::accepts, "app_5xx"},
};
static_assert(table.size() == proxy::events - 1);

bool queues(const Row& row) { return row.event == Event::admitted || row.event == Event::queue_wait_due; }

// The exchange that the next request will run on.
proxy::Exchange& next_exchange(Scenario& s) {
  auto exchange = s.context().take_exchange();
  proxy::Exchange& next = *exchange;
  s.context().give_exchange(std::move(exchange));
  return next;
}

void play(const Row& row, RequestHalf request, ResponseHalf response) {
  Scenario s({.policies = std::string(row.policies)});
  if (queues(row)) s.client().send("GET /holds-the-slot HTTP/1.1\r\nHost: a\r\n\r\n");
  s.app_is(row.app);
  proxy::Exchange& struck = next_exchange(s);
  Peer& client = s.client();
  client.send(row.request);
  app_says(s, "/struck", row.response);
  s.advance(head_start);
  Peer& other = s.client("192.0.2.8");
  other.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::size_t lines = s.log().size();

  REQUIRE(!struck.over());
  proxy::ExchangeProbe::put(struck, request, response);
  row.happen(s, client);
  s.app_is(App::accepts);
  app_says(s, "/holds-the-slot", hello);
  app_says(s, "/other", hello);
  client.finish();

  const auto now = s.log();
  REQUIRE(now.size() > lines);
  const auto line = std::find_if(now.begin(), now.end(), [](const std::string& l) {
    return contains(in_line(l, "cause"), "broken invariant") || in_line(l, "reason") == "app_5xx";
  });
  REQUIRE(line != now.end());
  CHECK(in_line(*line, "reason") == row.reason);
  CHECK((!client.open() || status_of(client.received()) == 500));
  CHECK(other.received().ends_with("hello"));
  CHECK(status_of(other.received()) == 200);
  CHECK(next_is_served(s));
}

}  // namespace

TEST_CASE("faults: an exception in any event costs the exchange it strikes, and nothing else") {
  for (const Row& row : table) {
    for (std::size_t q = 0; q < proxy::request_halves; ++q) {
      for (std::size_t r = 0; r < proxy::response_halves; ++r) {
        const auto request = static_cast<RequestHalf>(q);
        const auto response = static_cast<ResponseHalf>(r);
        if (action_of(row.event, request, response) != proxy::Action::broken) continue;
        CAPTURE(static_cast<int>(row.event));
        CAPTURE(q);
        CAPTURE(r);
        play(row, request, response);
      }
    }
  }
}

TEST_CASE("faults: an exception while a client's leaving is handled costs that exchange, and nothing else") {
  Scenario s({.throwing_hooks = true});
  Peer& client = s.client();
  client.send("GET /struck HTTP/1.1\r\nHost: a\r\nX-Throw: complete\r\n\r\n");
  Peer& other = s.client("192.0.2.8");
  other.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
  client.close();
  CHECK(in_line(s.last_line(), "reason") == "client_gone");
  app_says(s, "/other", hello);
  CHECK(other.received().ends_with("hello"));
  CHECK(next_is_served(s));
}

}  // namespace holdfast::testing
