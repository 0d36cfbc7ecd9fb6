#include "conversations.h"

#include <array>
#include <cerrno>

namespace holdfast::testing {
namespace {

constexpr std::string_view hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view get = "GET /a?x=1 HTTP/1.1\r\nHost: a\r\nCookie: secret\r\nX-Request-Id: r1\r\n\r\n";
constexpr std::string_view websocket =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n";
constexpr std::string_view agreed =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

// The app answers on every connection on which it was asked something since it answered last.
void app_says(Scenario& s, std::string_view response) {
  for (std::size_t i = 0; i < s.dialled(); ++i) {
    if (s.app(i).open() && !s.app(i).take().empty()) s.app(i).send(response);
  }
}

int well(Peer& client, int status, std::string_view end = "hello") {
  const std::string all = client.take();
  return status_of(all) == status && all.ends_with(end) ? 1 : 0;
}

std::string post(std::size_t size) {
  return "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

int simple(Scenario& s) {
  Peer& c = s.client();
  c.send(get);
  app_says(s, hello);
  return well(c, 200);
}

int chunked(Scenario& s) {
  Peer& c = s.client();
  c.send("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n5\r\nhello\r\n");
  c.send("3;a=b\r\nyou\r\n0\r\nX: tra");
  c.send("iler\r\n\r\n");
  app_says(s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n");
  return well(c, 200, "0\r\nX: y\r\n\r\n");
}

int in_small_pieces(Scenario& s) {
  Peer& c = s.client();
  const std::string request = post(5) + "hello";
  for (std::size_t i = 0; i < request.size(); i += 7) c.send(std::string_view(request).substr(i, 7));
  if (s.dialled() == 0) return 0;
  for (std::size_t i = 0; i < hello.size() && s.app().open(); i += 7) s.app().send(hello.substr(i, 7));
  return well(c, 200);
}

int large_head(Scenario& s) {
  Peer& c = s.client();
  c.send("GET /a HTTP/1.1\r\nHost: a\r\n");
  for (int i = 0; i < 60; ++i) c.send("X-Field-" + std::to_string(i) + ": " + std::string(400, 'v') + "\r\n");
  c.send("\r\n");
  app_says(s, "HTTP/1.1 200 OK\r\nX-Large: " + std::string(20'000, 'v') + "\r\nContent-Length: 5\r\n\r\nhello");
  return well(c, 200);
}

int upload_to_a_slow_app(Scenario& s) {
  constexpr std::size_t size = 700'000;
  Peer& c = s.client();
  c.send(post(size));
  if (s.dialled() == 0) return 0;
  s.app().hold(1000);
  const std::string content = pattern(size);
  for (std::size_t at = 0; at < size; at += 100'000) c.send(std::string_view(content).substr(at, 100'000));
  s.app().read(50'000);
  s.app().release();
  app_says(s, hello);
  return well(c, 200);
}

int download_to_a_slow_client(Scenario& s) {
  constexpr std::size_t size = 700'000;
  Peer& c = s.client();
  c.hold(1000);
  c.send(get);
  app_says(s, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + pattern(size));
  c.read(50'000);
  c.release();
  return well(c, 200, pattern(size));
}

int chunks_to_a_slow_client(Scenario& s) {
  Peer& c = s.client();
  c.hold(100);
  c.send(get);
  app_says(s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 20 && s.dialled() > 0 && s.app().open(); ++i) {
    s.app().send("4e20\r\n" + std::string(20'000, 'c') + "\r\n");
    c.read(5'000);
  }
  if (s.dialled() > 0 && s.app().open()) s.app().send("0\r\n\r\n");
  c.release();
  return well(c, 200, "\r\n0\r\n\r\n");
}

int pipelined(Scenario& s) {
  Peer& c = s.client();
  c.send(std::string(get) + std::string(get) + post(5) + "hello" + std::string(get).substr(0, 20));
  for (int i = 0; i < 3; ++i) app_says(s, hello);
  c.send(get.substr(20));
  app_says(s, hello);
  return count_of(c.take(), "HTTP/1.1 200 OK") == 4 ? 1 : 0;
}

int queued(Scenario& s) {
  Peer& a = s.client();
  Peer& b = s.client();
  Peer& c = s.client();
  for (Peer* p : {&a, &b, &c}) p->send(get);
  for (int i = 0; i < 3; ++i) app_says(s, hello);
  return well(a, 200) + well(b, 200) + well(c, 200);
}

int waited_too_long_in_the_queue(Scenario& s) {
  Peer& a = s.client();
  Peer& b = s.client();
  a.send(get);
  b.send(get);
  s.advance(2s);
  app_says(s, hello);
  const int late = status_of(b.take());  // 200: the first one failed, so its slot was free
  return well(a, 200) + (late == 503 || late == 200 ? 1 : 0);
}

int tunnel(Scenario& s) {
  Peer& c = s.client();
  c.send(websocket);
  if (s.dialled() == 0) return 0;
  app_says(s, agreed);
  c.hold(1000);
  s.app().send(std::string(200'000, 'a'));
  c.send(std::string(200'000, 'c'));
  c.release();
  c.send("bye");
  const bool heard = s.app().take().ends_with("bye");
  s.app().close();
  return heard ? well(c, 101, "aaaa") : 0;
}

int replaced_5xx(Scenario& s) {
  Peer& c = s.client();
  c.send(get);
  app_says(s, "HTTP/1.1 500 Oops\r\nContent-Type: application/json\r\nContent-Length: 41\r\n\r\n{\"password\":\"x\",");
  if (s.dialled() > 0 && s.app().open()) s.app().send("\"why\":\"disk full, sadly\"}");
  return well(c, 500, "}");
}

int coded_5xx(Scenario& s) {
  Peer& c = s.client();
  c.send(get);
  app_says(s, "HTTP/1.1 503 Busy\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nxxxxx\r\n");
  s.advance(1s);
  return well(c, 503, "}");
}

int no_request(Scenario& s) {
  Peer& c = s.client();
  c.send("nonsense\r\n\r\n");
  return well(c, 400, "}");
}

int too_slow_a_head(Scenario& s) {
  Peer& c = s.client();
  c.send(get.substr(0, 30));
  s.advance(20s);
  return well(c, 408, "}");
}

int too_large_an_upload(Scenario& s) {
  Peer& c = s.client();
  c.send(post(5'000'000));
  for (int i = 0; i < 5 && c.open(); ++i) c.send(std::string(100'000, 'u'));
  s.advance(10s);
  return well(c, 413, "}");
}

int too_many_connections(Scenario& s) {
  Peer& a = s.client("192.0.2.1");
  Peer& b = s.client("192.0.2.2");
  Peer& c = s.client("192.0.2.2");
  a.send(get);
  b.send(get);
  c.send(get);
  app_says(s, hello);
  const int last = status_of(c.take());  // 200: there was no memory for the one before, so its place was free
  return well(a, 200) + well(b, 200) + (last == 503 || last == 200 ? 1 : 0);
}

int unreachable_app(Scenario& s) {
  s.app_is(App::refuses, ECONNREFUSED);
  Peer& c = s.client();
  c.send(post(5) + "hello");
  s.app_is(App::accepts);
  return well(c, 503, "}");
}

int silent_app(Scenario& s) {
  Peer& c = s.client();
  c.send(get);
  s.advance(15s);
  return well(c, 504, "}");
}

int expected_and_interim(Scenario& s) {
  Peer& c = s.client();
  c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  app_says(s, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
  c.send("hello");
  app_says(s, hello);
  const std::string all = c.take();
  return contains(all, " 103 ") && contains(all, " 100 ") && all.ends_with("hello") ? 1 : 0;
}

int sent_again(Scenario& s) {
  Peer& c = s.client();
  c.send(get);
  app_says(s, hello);
  const int first = well(c, 200);
  const std::size_t dialled = s.dialled();
  c.send(get);
  if (s.dialled() == dialled && dialled > 0) s.app(dialled - 1).reset();
  app_says(s, hello);
  return first + well(c, 200) == 2 ? 1 : 0;
}

int lost_in_the_middle(Scenario& s) {
  Peer& c = s.client();
  c.send(get);
  app_says(s, hello.substr(0, hello.size() - 2));
  if (s.dialled() > 0) s.app().close();
  return c.closed() || c.was_reset() ? well(c, 200, "hel") : 0;
}

int drained(Scenario& s) {
  Peer& a = s.client();
  Peer& b = s.client();
  a.send(get);
  b.send(get.substr(0, 30));
  s.cut_all();
  return well(a, 503, "}") + well(b, 503, "}");
}

constexpr std::array all{
    Conversation{"one request", "", simple, 1},
    Conversation{"chunked both ways, with trailers", "", chunked, 1},
    Conversation{"small pieces", "", in_small_pieces, 1},
    Conversation{"large heads", "", large_head, 1},
    Conversation{"an upload to a slow app", "", upload_to_a_slow_app, 1},
    Conversation{"a download to a slow client", "", download_to_a_slow_client, 1},
    Conversation{"chunks to a slow client", "", chunks_to_a_slow_client, 1},
    Conversation{"four requests at once", "", pipelined, 1},
    Conversation{"a queue", "  limits: {concurrency: 1, queue: 5}", queued, 3},
    Conversation{"a wait in the queue", "  limits: {concurrency: 1, queue: 5, queueWait: 1s}",
                 waited_too_long_in_the_queue, 2},
    Conversation{"a tunnel", "", tunnel, 1},
    Conversation{"an error of the app", "", replaced_5xx, 1},
    Conversation{"a coded error of the app", "", coded_5xx, 1},
    Conversation{"no request", "", no_request, 1},
    Conversation{"half a head", "", too_slow_a_head, 1},
    Conversation{"too large an upload", "  limits: {body: 1KiB}", too_large_an_upload, 1},
    Conversation{"too many connections", "  limits: {connections: 10, connectionsPerClient: 1}", too_many_connections,
                 3},
    Conversation{"an app that cannot be reached", "", unreachable_app, 1},
    Conversation{"a silent app", "", silent_app, 1},
    Conversation{"interim responses", "", expected_and_interim, 1},
    Conversation{"a request sent again", "", sent_again, 1},
    Conversation{"an app lost in the middle", "", lost_in_the_middle, 1},
    Conversation{"the end of a drain", "", drained, 2},
};

}  // namespace

std::span<const Conversation> conversations() { return all; }

bool next_is_served(Scenario& s) {
  s.app_is(App::accepts);
  s.advance(1s);  // POST: no connection to the app that was idle just now
  Peer& next = s.client("198.51.100.1");
  next.send("POST /next HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  for (std::size_t i = 0; i < s.dialled(); ++i) {
    if (contains(s.app(i).take(), "/next")) s.app(i).send(hello);
  }
  return status_of(next.take()) == 200;
}

}  // namespace holdfast::testing
