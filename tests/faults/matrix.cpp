#include "matrix.h"

#include <cerrno>
#include <optional>
#include <utility>

#include "failing_memory.h"
#include "support/scenario.h"

namespace holdfast::testing {
namespace {

constexpr Duration patience = std::chrono::minutes(10);  // longer than every deadline of the profile
constexpr std::string_view whole_response = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";
constexpr std::string_view garbage = "\x16\x03\x01 this is no HTTP\r\n\r\n";

// One exchange brought to a phase, and what is left of it when all goes well.
class Cell {
 public:
  Cell(Phase phase, Fault fault) : phase_(phase), fault_(fault), scenario_(options_for(fault)) {}

  Outcome play() {
    reach();
    const std::size_t before = scenario_.log().size();
    const std::uint64_t over = scenario_.exchanges();
    const TimePoint started = scenario_.now();
    ended_ = started;
    strike();
    finish_what_was_not_struck();
    if (phase_ != Phase::idle) wait_for_end(over);
    Outcome outcome;
    recover(outcome);
    const auto lines = scenario_.log();
    if (lines.size() > before) outcome.reason = in_line(lines[before], "reason");
    outcome.seconds = static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(ended_ - started).count());
    outcome.status = status_of(client().received());
    next_request(outcome);
    return outcome;
  }

 private:
  static Options options_for(Fault fault) {
    return {.may_lose = fault == Fault::log_is_full || fault == Fault::no_memory ? 1U : 0U};
  }

  Peer& client() { return *client_; }
  bool has_app() const { return scenario_.dialled() > 0; }

  void reach() {
    if (phase_ == Phase::connect) scenario_.app_is(App::hangs);
    client_ = &scenario_.client();
    if (phase_ == Phase::request_fields) {
      client().send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Le");
      return;
    }
    client().send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
    if (phase_ == Phase::connect || phase_ == Phase::request_body) return;
    client().send("56789");
    if (phase_ == Phase::waiting) return;
    if (phase_ == Phase::response_fields) {
      scenario_.app().send(whole_response.substr(0, 25));
      return;
    }
    if (phase_ == Phase::response_body) {
      scenario_.app().send(whole_response.substr(0, whole_response.size() - 5));
      return;
    }
    scenario_.app().send(whole_response);
    client().take();
  }

  // What the client has still to send, and the app.
  std::string_view rest_of_request() const {
    if (phase_ == Phase::request_fields) return "ngth: 10\r\n\r\n0123456789";
    if (phase_ == Phase::connect || phase_ == Phase::request_body) return "56789";
    return "";
  }
  std::string_view rest_of_response() const {
    if (phase_ == Phase::response_fields) return whole_response.substr(25);
    if (phase_ == Phase::response_body) return whole_response.substr(whole_response.size() - 5);
    return phase_ == Phase::idle ? "" : whole_response;
  }

  void trickle(Peer& peer, std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size() && peer.open(); ++i) {
      peer.send(bytes.substr(i, 1));
      scenario_.advance(1s);
    }
  }

  void strike() {
    switch (fault_) {
      case Fault::client_closes: client().close(); return;
      case Fault::client_resets: client().reset(); return;
      case Fault::client_half_closes: client().finish(); return;
      case Fault::client_babbles: client().send(garbage); return;
      case Fault::client_trickles: trickle(client(), rest_of_request()); return;
      case Fault::client_stalls:
      case Fault::app_stalls: return;
      case Fault::app_closes:
      case Fault::app_resets:
      case Fault::app_babbles:
      case Fault::app_trickles: strike_app(); return;
      case Fault::no_descriptor: scenario_.app_is(App::refuses, EMFILE); return;
      case Fault::clock_jumps_ahead: scenario_.clock_jumps(1h); return;
      case Fault::wall_clock_jumps_back: scenario_.wall_clock_jumps(-1h); return;
      case Fault::no_memory: memory_.emplace(1); return;
      case Fault::log_is_full:
        scenario_.log_reader_stops();
        dropped_before_ = scenario_.log_writer().dropped();
        return;
    }
  }

  void strike_app() {
    if (phase_ == Phase::connect) {
      scenario_.app_is(App::refuses, fault_ == Fault::app_resets ? ECONNRESET : ECONNREFUSED);
      return;
    }
    if (fault_ == Fault::app_closes) scenario_.app().close();
    if (fault_ == Fault::app_resets) scenario_.app().reset();
    if (fault_ == Fault::app_babbles) scenario_.app().send(garbage);
    if (fault_ == Fault::app_trickles) trickle_response();
  }

  void trickle_response() {
    if (!client_finished_) client().send(rest_of_request());
    client_finished_ = true;
    trickle(scenario_.app(), rest_of_response());
    app_finished_ = true;
  }

  bool client_is_struck() const { return fault_ <= Fault::client_trickles; }
  bool app_is_struck() const { return fault_ >= Fault::app_closes && fault_ <= Fault::app_trickles; }

  // The side that is well does what it would have done.
  void finish_what_was_not_struck() {
    if (!client_is_struck() && !client_finished_ && client().open()) client().send(rest_of_request());
    const bool reachable = !app_is_struck() && fault_ != Fault::no_descriptor;
    if (phase_ == Phase::connect && reachable) scenario_.app_is(App::accepts);
    if (!app_is_struck() && has_app() && scenario_.app().open()) answer_once_asked();
  }

  void answer_once_asked() {
    const std::string& request = scenario_.app().received();
    const bool whole = body_of(request).size() == 10 || phase_ > Phase::waiting;
    if (whole && !app_finished_) scenario_.app().send(rest_of_response());
  }

  void recover(Outcome& outcome) {
    memory_.reset();
    if (fault_ != Fault::log_is_full) return;
    outcome.dropped = scenario_.log_writer().dropped() - dropped_before_;
    scenario_.log_reader_returns();
  }

  void wait_for_end(std::uint64_t over) {
    const TimePoint until = scenario_.now() + patience;
    ended_ = scenario_.now();
    while (scenario_.exchanges() == over && scenario_.now() < until) {
      scenario_.advance(100ms);
      ended_ = scenario_.now();
    }
  }

  void next_request(Outcome& outcome) {
    scenario_.app_is(App::accepts);
    const std::size_t connections = scenario_.dialled();
    const std::size_t lines = scenario_.log().size();
    for (std::size_t i = 0; i < connections; ++i) scenario_.app(i).take();
    Peer& next = scenario_.client();
    next.send("POST /next HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    outcome.reused = scenario_.dialled() == connections;
    for (std::size_t i = 0; i < scenario_.dialled(); ++i) {
      if (contains(scenario_.app(i).take(), "/next")) scenario_.app(i).send(whole_response);
    }
    outcome.next_served = status_of(next.take()) == 200;
    outcome.next_logged = scenario_.log().size() == lines + 1;
  }

  Phase phase_;
  Fault fault_;
  Scenario scenario_;
  std::optional<FailingMemory> memory_;
  std::uint64_t dropped_before_ = 0;
  Peer* client_ = nullptr;
  TimePoint ended_{};
  bool client_finished_ = false;
  bool app_finished_ = false;
};

}  // namespace

std::string Outcome::text() const {
  std::string line = reason.empty() ? "-" : reason;
  line += ' ' + std::to_string(status) + ' ' + std::to_string(seconds) + 's';
  if (reused) line += " reused";
  if (dropped != 0) line += ' ' + std::to_string(dropped) + " dropped";
  if (!next_served) line += " NEXT NOT SERVED";
  if (!next_logged) line += " NEXT NOT LOGGED";
  return line;
}

bool exists(Phase phase, Fault fault) {
  const bool of_app = fault >= Fault::app_closes && fault <= Fault::app_trickles;
  if (!of_app) return true;
  if (phase == Phase::request_fields) return false;  // no connection to the app yet
  const bool speaks = fault == Fault::app_babbles || fault == Fault::app_trickles;
  return phase != Phase::connect || !speaks;
}

Outcome play(Phase phase, Fault fault) { return Cell(phase, fault).play(); }

}  // namespace holdfast::testing
