// A listener with a plan of its own, before a handler of our own: who makes room when it is full, and who is told to go
// on.
#include <doctest/doctest.h>

#include <deque>

#include "../support/memory_link.h"
#include "policies/policy.h"
#include "proxy/downstream.h"
#include "proxy/local_origin.h"

namespace holdfast::proxy {
namespace {

using namespace std::chrono_literals;
using holdfast::testing::Link;
using holdfast::testing::MemoryTransport;

policies::Plan plan_for(std::uint32_t connections) {
  policies::Plan plan;
  plan.listener.connections.max = connections;
  plan.listener.client_headers.after = 1h;
  plan.listener.client_idle.after = 1h;
  plan.listener.head_bytes.max = 4096;
  plan.listener.fields.max = 16;
  plan.listener.target_bytes.max = 1024;
  policies::RoutePlan route;
  route.name = "local";
  route.body.max = 1024;
  plan.routes.push_back(std::move(route));
  return plan;
}

ViewRef view_of(const policies::Plan& plan) {
  auto view = std::make_unique<View>();
  view->plan = &plan;
  view->pipeline = std::make_unique<policies::Pipeline>();
  set_head_limits(*view);
  return ViewRef(std::move(view));
}

struct Handler final : LocalHandler {
  void on_request(const LocalRequest& request, Responder responder) override {
    if (request.path != "/slow") responder.answer({.content = std::string(request.content)});
  }
};

struct Listening {
  explicit Listening(std::uint32_t most) : plan(plan_for(most)), front(context, {.origin = &origin}, view_of(plan)) {
    context.begin_turn(now, WallTime{});
  }
  ~Listening() {
    front.cut_all();
    context.end_turn();
  }
  Link& accept() {
    links.emplace_back();
    front.accept(std::make_unique<MemoryTransport>(links.back()), ClientAddress{});
    pass();
    return links.back();
  }
  void ask(Link& link, const char* path) { send(link, std::string("GET ") + path + " HTTP/1.1\r\nhost: a\r\n\r\n"); }
  void send(Link& link, const std::string& bytes) {
    link.to_proxy += bytes;
    if (link.want_read) link.user->on_readable();
    pass();
  }
  void pass() {
    context.end_turn();
    context.begin_turn(now += 1s, WallTime{});
  }
  std::string open() const {
    std::string numbers;
    for (std::size_t i = 0; i < links.size(); ++i) numbers += links[i].alive ? std::to_string(i) + " " : "";
    return numbers;
  }

  policies::Plan plan;
  TimePoint now{1000h};
  std::deque<Link> links;
  Shared shared{16};
  WorkerContext context{shared, policies::RequestIdSource(1, 1)};
  Handler handler;
  LocalOrigin origin{context, handler};
  Front front;
};

}  // namespace

TEST_CASE("front: of a full listener the connection that has been idle for longest makes room, the newest never") {
  Listening full(4);
  for (int i = 0; i < 4; ++i) full.accept();
  full.ask(full.links[0], "/");  // used last, so not the first to go
  CHECK(full.open() == "0 1 2 3 ");
  full.accept();
  CHECK(full.open() == "0 2 3 4 ");
  full.accept();
  CHECK(full.open() == "0 3 4 5 ");
  full.accept();
  CHECK(full.open() == "0 4 5 6 ");
  full.accept();
  CHECK(full.open() == "4 5 6 7 ");
  for (int i = 0; i < 100; ++i) full.accept();
  CHECK(full.open() == "104 105 106 107 ");
}

TEST_CASE("front: who has asked and waits is not idle; with nobody idle the new connection is the one that goes") {
  Listening full(2);
  full.ask(full.accept(), "/slow");
  full.accept();
  full.accept();
  CHECK(full.open() == "0 2 ");
  full.ask(full.links[2], "/slow");
  full.accept();
  CHECK(full.open() == "0 2 ");
}

TEST_CASE(
    "front: a client of a local handler that waits for 100 (Continue) gets it, one that does not wait gets none") {
  Listening listening(4);
  Link& waiting = listening.accept();
  listening.send(waiting, "POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n");
  CHECK(waiting.from_proxy == "HTTP/1.1 100 Continue\r\n\r\n");
  listening.send(waiting, "abc");
  CHECK(waiting.from_proxy.find("HTTP/1.1 200 OK\r\n") == 25);
  CHECK(waiting.from_proxy.ends_with("\r\n\r\nabc"));

  Link& hasty = listening.accept();
  listening.send(hasty, "POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\nab");
  listening.send(hasty, "c");
  CHECK(hasty.from_proxy.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(hasty.from_proxy.ends_with("\r\n\r\nabc"));

  Link& old = listening.accept();
  listening.send(old, "POST /echo HTTP/1.0\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n");
  CHECK(old.from_proxy.empty());
  listening.send(old, "abc");
  CHECK(old.from_proxy.starts_with("HTTP/1.1 200 OK\r\n"));
}

}  // namespace holdfast::proxy
