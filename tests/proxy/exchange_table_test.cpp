// Walks every pair of event and state. A pair without a row is a broken invariant: it costs that exchange, and nothing
// else.
#include "proxy/exchange_table.h"

#include "../support/scenario.h"
#include "proxy/boundary.h"

namespace holdfast::proxy {

class ExchangeProbe {
 public:
  static void put(Exchange& exchange, RequestHalf request, ResponseHalf response) {
    exchange.request_half_ = request;
    exchange.response_half_ = response;
  }
  static void deliver(Exchange& exchange, Event event) {
    guarded(exchange, [&] { exchange.handle({.event = event}); });
  }
};

namespace {

class SilentClient final : public ClientStream {
 public:
  void send_interim(const http::ResponseHead&) override {}
  void send_response(const policies::Exchange&, ContentShape, bool) override {}
  void send_local(policies::Exchange&, http::LocalReply) override { ++replies; }
  void send_content(Content) override {}
  void send_end(std::string_view) override {}
  Outbox::Flushed flush() override { return Outbox::Flushed::all; }
  std::size_t unsent() const noexcept override { return 0; }
  std::size_t unread() const noexcept override { return 0; }
  std::size_t undelivered() const noexcept override { return 0; }
  void want_content(bool) override {}
  void become_tunnel() override {}
  bool may_keep_alive() const noexcept override { return true; }
  void exchange_over(Ending) noexcept override { ++overs; }
  int replies = 0;
  int overs = 0;
};

// What the table must say, written the other way round: by state.
bool may_meet(Event event, RequestHalf request, ResponseHalf response) {
  const bool at_origin = request == RequestHalf::sending || request == RequestHalf::done;
  const bool none = response == ResponseHalf::none;
  const bool streaming = response == ResponseHalf::streaming;
  const bool local = response == ResponseHalf::local;
  switch (event) {
    case Event::request_head:
    case Event::client_headers_due: return request == RequestHalf::head && none;
    case Event::admitted:
    case Event::origin_ready:
    case Event::origin_failed:
    case Event::queue_wait_due:
    case Event::connect_due: return request == RequestHalf::gated && none;
    case Event::response_interim:
    case Event::response_head:
    case Event::first_byte_due: return at_origin && none;
    case Event::request_content:
    case Event::request_end:
    case Event::client_body_due:
      return request == RequestHalf::discarding || (request == RequestHalf::sending && (none || streaming));
    case Event::request_refused:
      return request == RequestHalf::discarding ||
             ((request == RequestHalf::head || request == RequestHalf::sending) && (none || streaming));
    case Event::response_content:
    case Event::response_end: return streaming || local;
    case Event::upstream_lost: return streaming || local || (at_origin && none);
    case Event::downstream_lost: return true;
    case Event::request_due: return !none || at_origin || request == RequestHalf::gated;
    case Event::stream_idle_due: return !none || at_origin;
    case Event::cause_due: return !none && !streaming;
  }
  return false;
}

}  // namespace

TEST_CASE("exchange: every pair of event and state is either a row of the table or broken") {
  for (std::size_t e = 0; e < events; ++e) {
    for (std::size_t q = 0; q < request_halves; ++q) {
      for (std::size_t r = 0; r < response_halves; ++r) {
        const auto event = static_cast<Event>(e);
        const auto request = static_cast<RequestHalf>(q);
        const auto response = static_cast<ResponseHalf>(r);
        CAPTURE(e);
        CAPTURE(q);
        CAPTURE(r);
        CHECK((action_of(event, request, response) != Action::broken) == may_meet(event, request, response));
      }
    }
  }
}

TEST_CASE("exchange: an event that cannot be costs one exchange, which ends as internal, once") {
  testing::Scenario s;
  std::size_t broken = 0;
  for (std::size_t e = 0; e < events; ++e) {
    for (std::size_t q = 0; q < request_halves; ++q) {
      for (std::size_t r = 0; r < response_halves; ++r) {
        const auto event = static_cast<Event>(e);
        const auto request = static_cast<RequestHalf>(q);
        const auto response = static_cast<ResponseHalf>(r);
        if (action_of(event, request, response) != Action::broken) continue;
        CAPTURE(e);
        CAPTURE(q);
        CAPTURE(r);
        SilentClient client;
        policies::ConnectionFacts facts;
        std::unique_ptr<Exchange> exchange = s.context().take_exchange();
        exchange->begin(client, {}, s.context().view, facts);
        ExchangeProbe::put(*exchange, request, response);
        ExchangeProbe::deliver(*exchange, event);
        CHECK(exchange->over());
        CHECK(exchange->x().error.reason == Reason::internal);
        CHECK(client.overs == 1);
        CHECK(client.replies == (response == ResponseHalf::none ? 1 : 0));
        s.context().give_exchange(std::move(exchange));
        CHECK(s.log().size() == ++broken);
        CHECK(testing::in_line(s.last_line(), "reason") == "internal");
      }
    }
  }
  CHECK(broken > 100);
}

}  // namespace holdfast::proxy
