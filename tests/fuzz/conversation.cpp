#include "fuzz/conversation.h"

#include <span>

#include "fuzz/pieces.h"

namespace holdfast::fuzz {
namespace {

using namespace testing;

struct Setting {
  const char* policies = "";
  unsigned trusted_hops = 0;
  std::size_t workers = 1;
  std::size_t step = SIZE_MAX;
  Bounds bounds;
};

// The first byte of a script chooses one.
constexpr std::array settings{
    Setting{"", 0, 1, SIZE_MAX, {}},
    Setting{"", 1, 1, 7, {}},
    Setting{"  limits: {body: 64B, headers: 1KiB, headerCount: 8, uri: 64B, requestsPerConnection: 3}",
            0,
            1,
            SIZE_MAX,
            {64, 128, 64}},
    Setting{"  limits: {concurrency: 1, queue: 1, queueWait: 2s}", 0, 2, SIZE_MAX, {1U << 20U, 1, 1}},
    Setting{"  timeouts: {clientHeaders: 100ms, clientBodyIdle: 100ms, connect: 50ms, firstByte: 200ms, request: 1s, "
            "streamIdle: 300ms, clientIdle: 1s, upstreamIdle: 100ms}",
            0,
            1,
            SIZE_MAX,
            {}},
    Setting{"  rateLimit: {mode: enforce, rate: 1/s, burst: 2}\n  errors: {format: problem, proxyStatus: true}",
            0,
            2,
            1,
            {}},
};

Options options_of(const Setting& setting) {
  return {.policies = setting.policies,
          .trusted_hops = setting.trusted_hops,
          .workers = setting.workers,
          .step = setting.step};
}
const Setting& setting_of(std::string_view script) {
  return settings[script.empty() ? 0 : static_cast<unsigned char>(script[0]) % settings.size()];
}

// What is said often enough to be a word of the script; the rest comes byte by byte.
constexpr std::array<std::string_view, 24> of_client{
    "GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /old HTTP/1.0\r\n\r\n",
    "GET /kept HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
    "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "PUT /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    "POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n",
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 3\r\n\r\n",
    "GET /two HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "POST /both HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "GET /bare HTTP/1.1\nHost: a\n\n",
    "GET /t HTTP/1.1\r\nHost: a\r\nConnection: te, x-a\r\nTE: trailers\r\nX-A: 1\r\n\r\n",
    "hello",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "0\r\nX-T: 1\r\nContent-Length: 3\r\n\r\n",
    "fffffffffffffffff\r\n",
    "GET /",
    " HTTP/1.1\r\nHost: a\r\n",
    "\r\n",
    "G",
};
constexpr std::array<std::string_view, 24> of_app{
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n",
    "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
    "hello",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "0\r\nX-T: 1\r\n\r\n",
    "ffffffffffffffffff\r\n",
    "HTTP/1.1 ",
    "\r\n",
};
constexpr std::array waits{0ms, 1ms, 50ms, 99ms, 100ms, 250ms, 1000ms, 2000ms, 5000ms, 20'000ms, 80'000ms, 600'000ms};
constexpr std::size_t most_clients = 4;
constexpr std::size_t most_said = 400'000;  // by one speaker
constexpr std::size_t most_reads = 4'000;   // of what one speaker says, where the scenario bounds what a read gives
constexpr int most_steps = 300;
constexpr std::size_t large = 70'000;

// Like the kernel, nobody speaks behind their own end.
bool may_speak(const Speaker& who) {
  const Link& link = who.peer->link();
  return !link.fin && !link.gone && !link.reset && who.said.size() < most_said;
}

}  // namespace

Conversation::Conversation(std::string_view script)
    : script_(script.substr(script.empty() ? 0 : 1)),
      bounds_(setting_of(script).bounds),
      workers_(setting_of(script).workers),
      scenario_(options_of(setting_of(script))) {}

std::uint8_t Conversation::next() noexcept {
  if (script_.empty()) return 0;
  const auto byte = static_cast<std::uint8_t>(script_[0]);
  script_.remove_prefix(1);
  return byte;
}

std::string_view Conversation::next_text(std::size_t size) noexcept {
  const std::string_view text = script_.substr(0, size);
  script_.remove_prefix(text.size());
  return text;
}

void Conversation::run() {
  for (int i = 0; i < most_steps && !script_.empty(); ++i) {
    step();
    meet_apps();
    require(scenario_.in_flight() <= bounds_.concurrency, "no more exchanges than concurrency allows");
    require(scenario_.queued() <= bounds_.queue, "no more waiting requests than the queue has places");
    require(scenario_.block_bytes() <= (clients_.size() + apps_.size()) * (std::size_t{1} << 20U),
            "less than 1 MiB of blocks for a connection");
  }
  for (Speaker& one : clients_) one.peer->release();
  for (Speaker& one : apps_) one.peer->release();
  meet_apps();
}

// One byte says who does what, the next ones how.
void Conversation::step() {
  const unsigned what = next();
  if (what < 112) {
    if (Speaker* who = client(what / 16U)) one_end(*who, what % 16U, of_client);
  } else if (what < 224) {
    if (Speaker* who = app((what - 112U) / 16U)) one_end(*who, what % 16U, of_app);
  } else {
    whole_proxy(what - 224U);
  }
}

void Conversation::one_end(Speaker& who, unsigned what, std::span<const std::string_view> words) {
  switch (what) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4: say(who, words[next() % words.size()], SIZE_MAX); break;
    case 5: {
      const std::size_t piece = 1U + next() % 32U;
      say(who, words[next() % words.size()], piece);
      break;
    }
    case 6: say(who, next_text(1U + next() % 32U), SIZE_MAX); break;
    case 7: say(who, pattern(next() % 2U == 0 ? large : 300), SIZE_MAX); break;
    case 8:
      who.finished = true;
      who.peer->finish();
      break;
    case 9:
      who.finished = true;
      who.peer->close();
      break;
    case 10: who.peer->reset(); break;
    case 11: who.peer->hold(std::size_t{next()} * 64); break;
    case 12: who.peer->read(std::size_t{next()} * 32); break;
    case 13: who.peer->release(); break;
    default: scenario_.advance(waits[next() % waits.size()]); break;
  }
}

void Conversation::whole_proxy(unsigned what) {
  if (what < 20) return scenario_.advance(waits[next() % waits.size()]);
  switch (what) {
    case 20: scenario_.app_is(App::accepts); break;
    case 21: scenario_.app_is(App::refuses); break;
    case 22: scenario_.app_is(App::hangs); break;
    case 23: scenario_.close_idle(); break;
    case 24: scenario_.drain_begins(); break;
    case 25: scenario_.finish_begins(); break;
    case 26: scenario_.cut_all(); break;
    default: scenario_.run(); break;
  }
}

void Conversation::say(Speaker& who, std::string_view bytes, std::size_t piece) {
  if (const std::size_t step = who.peer->link().step; step != SIZE_MAX) {  // a read costs a turn of the whole proxy
    bytes = bytes.substr(0, step * most_reads - std::min(step * most_reads, who.said.size()));
  }
  while (!bytes.empty() && may_speak(who)) {
    const std::string_view part = bytes.substr(0, piece);
    who.said += part;
    bytes.remove_prefix(part.size());
    who.peer->send(part);
  }
}

Speaker* Conversation::client(unsigned n) {
  const std::size_t wanted = n % most_clients;
  if (wanted < clients_.size() && clients_[clients_.size() - 1 - wanted].peer->open()) {
    return &clients_[clients_.size() - 1 - wanted];
  }
  if (clients_.size() >= 4 * most_clients) return nullptr;
  const char* const address = n % 2U == 0 ? "192.0.2.7" : "2001:db8::7";
  clients_.push_back({&scenario_.client(address, n % workers_), {}, false});
  return &clients_.back();
}

Speaker* Conversation::app(unsigned n) {
  meet_apps();
  return n < apps_.size() ? &apps_[apps_.size() - 1 - n] : nullptr;
}

void Conversation::meet_apps() {
  while (apps_.size() < scenario_.dialled()) apps_.push_back({&scenario_.app(apps_.size()), {}, false});
}

}  // namespace holdfast::fuzz
