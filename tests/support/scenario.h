// scenario: a whole proxy in memory: real configuration, policies, engine, log and metrics; no socket, no sleep, no
// wall clock.
//
// The test plays clients and the app, and moves the clock by hand. Everything runs inside the call that caused it, so
// after send() or advance() the proxy has done all it can do. At its end a scenario checks what must hold after any
// conversation: see check_nothing_is_left().
#pragma once

#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "memory_link.h"
#include "proxy/downstream.h"
#include "telemetry/log_writer.h"

namespace holdfast::testing {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

class Scenario;

// The test's end of one connection.
class Peer {
 public:
  Peer(Scenario& scenario, std::unique_ptr<Link> link) noexcept : scenario_(scenario), link_(std::move(link)) {}

  Peer& send(std::string_view bytes);
  Peer& finish();  // half close
  Peer& close();
  Peer& reset();
  // How much the proxy may send before somebody reads; then nothing is read on its own any more.
  Peer& hold(std::size_t room);
  std::string read(std::size_t most = SIZE_MAX);  // while holding
  Peer& release();                                // reads everything again

  const std::string& received();  // all since the beginning or the last take()
  std::string take();
  std::size_t unread() const noexcept { return link_->from_proxy.size(); }
  bool saw_end() const noexcept { return link_->proxy_fin; }  // half close or close
  bool closed() const noexcept { return link_->proxy_closed && !link_->proxy_reset; }
  bool was_reset() const noexcept { return link_->proxy_reset; }
  bool open() const noexcept { return !link_->proxy_fin; }
  Link& link() noexcept { return *link_; }

 private:
  friend class Scenario;
  Scenario& scenario_;
  std::unique_ptr<Link> link_;
  std::string received_;
  bool holding_ = false;
};

struct Options {
  std::string policies;       // lines of `policies:`, each with two spaces in front
  std::string routes = "[]";  // value of `routes:`
  std::string profile = "standard@1";
  unsigned trusted_hops = 0;
  std::size_t workers = 1;
  std::size_t step = SIZE_MAX;  // most bytes per read, of every connection
  int log_sink = -1;            // where a writer thread writes the log; else the test reads it with log()
  std::size_t may_lose = 0;     // exchanges for whose line or count there may be no memory
  bool throwing_hooks = false;  // a policy that throws where the field `x-throw` says: request, response, complete
};

enum class App { accepts, refuses, hangs };

class Scenario {
 public:
  explicit Scenario(Options options = {});
  Scenario(const Scenario&) = delete;
  Scenario& operator=(const Scenario&) = delete;
  ~Scenario();

  Peer& client(std::string_view address = "192.0.2.7", std::size_t worker = 0);
  // The app's end of the connection that the proxy opened as number `n`, counted from 0.
  Peer& app(std::size_t n = 0);
  std::size_t dialled() const noexcept;  // connections established to the app so far
  void app_is(App state, int error = 0);
  void dial_fails(int error);                                          // the oldest of those that hang
  std::size_t not_accepted() const noexcept { return not_accepted_; }  // clients for whom there was no memory

  void run();  // until nothing happens any more; send() and advance() do it
  void advance(Duration time);
  void clock_jumps(Duration by);       // all at once, as after a suspended machine
  void wall_clock_jumps(Duration by);  // somebody set the time of day
  TimePoint now() const noexcept { return now_; }
  void drain_begins();
  void finish_begins();
  void close_idle();
  void cut_all();

  std::vector<std::string> log();  // complete lines so far
  std::string last_line();
  // Nobody reads the log: every block of it is full, until somebody reads again. Lines of exchanges are dropped then.
  void log_reader_stops();
  void log_reader_returns();
  telemetry::LogWriter& log_writer() noexcept;
  std::string metrics();
  std::uint64_t metric(std::string_view series);  // value of `name{labels}`; 0 when it is not there
  std::size_t block_bytes() const noexcept;
  std::uint64_t exchanges() const noexcept;  // that are over
  std::uint32_t in_flight() const noexcept;
  std::uint32_t queued() const noexcept;
  proxy::Shared& shared() noexcept;
  proxy::WorkerContext& context(std::size_t worker = 0) noexcept;

  // Ends all connections and checks what must then be true: every slot, gauge and block is back, one line and one count
  // per exchange.
  void check_nothing_is_left();

 private:
  friend class Peer;
  struct Services;
  struct OneWorker;
  bool pump();
  void accept(OneWorker& worker, std::unique_ptr<net::Transport> transport, const ClientAddress& peer);
  void collect_log();

  Options options_;
  TimePoint now_{std::chrono::hours(1000)};
  Duration wall_offset_{};
  std::deque<Peer> clients_;
  std::deque<Peer> apps_;
  App app_state_ = App::accepts;
  int app_error_ = 0;
  std::size_t not_accepted_ = 0;
  std::string log_;
  std::unique_ptr<Services> services_;
  std::vector<std::unique_ptr<OneWorker>> workers_;
  bool log_reader_stopped_ = false;
  bool checked_ = false;
};

// The status of the first response in `bytes`; 0 when there is none.
int status_of(std::string_view bytes);
// What is behind the first head.
std::string body_of(std::string_view bytes);
bool contains(std::string_view text, std::string_view part);
std::size_t count_of(std::string_view text, std::string_view part);
// The value of `"name":…` in a log line, quotes removed.
std::string in_line(std::string_view line, std::string_view name);
// A body of that many bytes in which every place is different.
std::string pattern(std::size_t size);
// The content of a chunked body; empty and failing when it is not complete.
std::string unchunked(std::string_view body);

}  // namespace holdfast::testing
