// Memory that runs out: in every conversation each allocation of the proxy fails once, one after the other.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "conversations.h"
#include "failing_memory.h"

namespace holdfast::testing {
namespace {

constexpr std::size_t warm_up = 3;
constexpr std::size_t measured = 100;

Options options_of(const Conversation& conversation, std::size_t may_lose) {
  return {.policies = std::string(conversation.policies), .may_lose = may_lose};
}

int play_well(const Conversation& conversation) {
  Scenario s(options_of(conversation, 0));
  return conversation.play(s);
}

// False when the conversation has fewer allocations than `nth`.
bool play_without_memory(const Conversation& conversation, int answered, std::size_t nth, FailingMemory::Lasts lasts) {
  Scenario s(options_of(conversation, lasts == FailingMemory::Lasts::once ? 1 : 10));
  bool failed = false;
  {
    const FailingMemory memory(nth, lasts);
    const int here = conversation.play(s);
    failed = memory.failed();
    if (lasts == FailingMemory::Lasts::once) CHECK(here >= answered - 1);
  }
  const auto lines = s.log();
  const auto internal = std::count_if(lines.begin(), lines.end(),
                                      [](const std::string& line) { return in_line(line, "reason") == "internal"; });
  if (lasts == FailingMemory::Lasts::once) CHECK(internal <= 1);
  CHECK(next_is_served(s));
  return failed;
}

}  // namespace

TEST_CASE("faults: an allocation that fails costs one exchange at most, and the next request is served") {
  for (const Conversation& conversation : conversations()) {
    CAPTURE(conversation.name);
    const int answered = play_well(conversation);
    REQUIRE(answered == conversation.due);
    std::size_t n = 1;
    bool failed = true;
    for (; failed; ++n) {
      CAPTURE(n);
      REQUIRE(n < 1000);
      failed = play_without_memory(conversation, answered, n, FailingMemory::Lasts::once);
    }
    CHECK(n > 3);
    MESSAGE(conversation.name << ": allocations that failed in turn: " << n - 2);
  }
}

TEST_CASE("faults: memory that stays away from any moment on costs what goes on meanwhile, and nothing afterwards") {
  for (const Conversation& conversation : conversations()) {
    CAPTURE(conversation.name);
    bool failed = true;
    for (std::size_t n = 1; failed; ++n) {
      CAPTURE(n);
      failed = play_without_memory(conversation, 0, n, FailingMemory::Lasts::on);
    }
  }
}

TEST_CASE("faults: a request on a warm connection allocates nothing") {
  const std::string response = "HTTP/1.1 200 OK\r\nContent-Length: 1024\r\nX-A: b\r\n\r\n" + std::string(1024, 'r');
  const std::string get = "GET /a?x=1 HTTP/1.1\r\nHost: a\r\nCookie: secret\r\nX-Request-Id: r1\r\n\r\n";
  const std::string post = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4096\r\n\r\n" + std::string(4096, 'p');
  for (const std::string& request : {get, post}) {
    CAPTURE(request.substr(0, 4));
    Scenario s;
    Peer& c = s.client();
    const auto exchange = [&] {
      c.send(request);
      REQUIRE(s.dialled() == 1);
      s.app().take();
      s.app().send(response);
      REQUIRE(status_of(c.take()) == 200);
    };
    for (std::size_t i = 0; i < warm_up; ++i) exchange();
    const FailingMemory counted(0);
    for (std::size_t i = 0; i < measured; ++i) exchange();
    CHECK(counted.allocations() == 0);
  }
}

}  // namespace holdfast::testing
