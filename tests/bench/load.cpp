// The load: bench_load port=P request=FILE[,FILE] connections=64 [close=1] [cut=1]
//
// Opens the connections, sends one request on each, prints {"ready":1}, and then obeys each line `run REQUESTS [RATE]`
// with a line of JSON. A closed loop: each connection sends when it has its answer. With RATE an open loop: Poisson
// arrivals, timed from the moment a request was due. Two files: odd connections send the second. close: a new
// connection per request. cut: one byte each millisecond. A run ends after 60 s at the latest. Answers need
// Content-Length; their content is dropped inside the kernel.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "core/clock.h"
#include "load_options.h"
#include "sockets.h"

namespace holdfast::bench {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::string_view end_of_head = "\r\n\r\n";

enum class State : std::uint8_t { closed, idle, connecting, sending, head, content, end };

struct Connection {
  Fd fd;
  State state = State::closed;
  std::size_t index = 0;
  std::size_t sent = 0;
  std::uint64_t remaining = 0;
  std::string partial;
  TimePoint due;
};

class Load {
 public:
  explicit Load(Options options) : options_(std::move(options)), connections_(options_.connections) {
    for (std::size_t i = 0; i < connections_.size(); ++i) connections_[i].index = i;
  }

  // Opens every connection with one request on it, at most 128 at a time.
  bool open() {
    begin(connections_.size(), 0);
    if (options_.close) return true;
    for (opened_ = 0; opened_ < std::min<std::size_t>(128, connections_.size());) start(connections_[opened_++]);
    opening_ = true;
    until_done();
    opening_ = false;
    if (succeeded_ == connections_.size()) return true;
    std::cerr << "of " << wanted_ << " first requests " << succeeded_ << " were answered with 2xx, " << refused_
              << " otherwise, " << errors_
              << " were cut off; the last answer began: " << std::string_view(buffer_.data(), 200) << std::endl;
    return false;
  }

  void run(std::uint64_t requests, std::uint64_t rate) {
    begin(requests, rate);
    if (rate > 0) {
      for (Connection& c : connections_) free_.push_back(&c);
    } else {
      for (Connection& c : connections_) next(c);
    }
    until_done();
    print();
  }

 private:
  void begin(std::uint64_t requests, std::uint64_t rate) {
    wanted_ = requests;
    rate_ = static_cast<double>(rate);
    started_ = finished_ = succeeded_ = refused_ = errors_ = 0;
    latencies_.clear();
    latencies_.reserve(requests);
    free_.clear();
    late_.clear();
    late_served_ = 0;
    now_ = begun_ = arrival_ = steady_now();
  }

  void until_done() {
    while (finished_ < wanted_ && now_ < begun_ + seconds(60)) {
      if (rate_ > 0) arrive();
      if (options_.cut) send_next_bytes();
      const int ready = poll_.wait(events_.data(), static_cast<int>(events_.size()), pause());
      now_ = steady_now();
      for (int i = 0; i < ready; ++i) handle(*static_cast<Connection*>(events_[static_cast<std::size_t>(i)].data.ptr));
    }
  }

  int pause() const {
    if (rate_ > 0) return 0;  // an open loop must not be late itself
    return options_.cut ? 1 : 50;
  }

  // Poisson arrivals: those that find every connection busy wait, and their time counts from here.
  void arrive() {
    now_ = steady_now();
    while (started_ < wanted_ && arrival_ <= now_) {
      ++started_;
      if (free_.empty()) {
        late_.push_back(arrival_);
      } else {
        Connection& c = *free_.back();
        free_.pop_back();
        send_on(c, arrival_);
      }
      arrival_ += nanoseconds(static_cast<std::int64_t>(gap_(random_) * 1e9 / rate_));
    }
  }

  void next(Connection& c) {
    if (rate_ > 0) {
      if (late_served_ < late_.size()) return send_on(c, late_[late_served_++]);
      free_.push_back(&c);
      return;
    }
    if (started_ < wanted_) {
      ++started_;
      send_on(c, now_);
    }
  }

  void start(Connection& c) {
    ++started_;
    send_on(c, now_);
  }

  void send_on(Connection& c, TimePoint due) {
    c.due = due;
    c.sent = 0;
    if (c.state != State::closed) return send(c);
    c.fd = dial(options_.port, 2 + from_++ % 40);
    c.state = State::connecting;
    poll_.add(c.fd, &c, EPOLLOUT);
  }

  const std::string& request_of(const Connection& c) const {
    return options_.requests[c.index % options_.requests.size()];
  }

  void send(Connection& c) {
    const std::string& request = request_of(c);
    const std::size_t piece = options_.cut ? 1 : request.size();
    const std::size_t wish = std::min(piece, request.size() - c.sent);
    const ssize_t w = ::send(c.fd.get(), request.data() + c.sent, wish, MSG_NOSIGNAL);
    if (w < 0 && errno != EAGAIN) return fail(c);
    c.sent += static_cast<std::size_t>(w < 0 ? 0 : w);
    const bool whole = c.sent == request.size();
    if (!whole && !options_.cut && c.state != State::sending) poll_.change(c.fd, &c, EPOLLIN | EPOLLOUT);
    if (whole && !options_.cut && c.state == State::sending) poll_.change(c.fd, &c, EPOLLIN);
    c.state = whole ? State::head : State::sending;
  }

  void send_next_bytes() {
    if (steady_now() < last_cut_ + milliseconds(1)) return;
    last_cut_ = steady_now();
    for (Connection& c : connections_) {
      if (c.state == State::sending) send(c);
    }
  }

  void handle(Connection& c) {
    if (c.state == State::connecting) {
      poll_.change(c.fd, &c, EPOLLIN);
      return send(c);
    }
    if (c.state == State::sending && !options_.cut) send(c);
    if (c.state != State::closed) receive(c);
  }

  void receive(Connection& c) {
    if (c.state == State::content) {
      const std::size_t most = std::min<std::uint64_t>(c.remaining, 1U << 20U);
      return received(c, ::recv(c.fd.get(), nullptr, most, MSG_TRUNC | MSG_DONTWAIT));
    }
    received(c, ::recv(c.fd.get(), buffer_.data(), buffer_.size(), 0));
  }

  void received(Connection& c, ssize_t n) {
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      if (c.state != State::end) return fail(c);
      drop(c);
      return done(c);
    }
    const auto got = static_cast<std::size_t>(n);
    if (c.state == State::content) {
      c.remaining -= got;
      if (c.remaining == 0) complete(c);
    } else if (c.state == State::head || c.state == State::sending) {
      take_head(c, {buffer_.data(), got});
    } else {
      fail(c);
    }
  }

  void take_head(Connection& c, std::string_view got) {
    std::string_view text = got;
    if (!c.partial.empty()) text = c.partial.append(got);
    const std::size_t end = text.find(end_of_head);
    if (end == std::string_view::npos) {
      if (c.partial.empty()) c.partial = got;
      return;
    }
    const std::size_t size = end + end_of_head.size();
    if (text.starts_with("HTTP/1.1 2")) {
      ++succeeded_;
    } else {
      ++refused_;
    }
    c.remaining = content_length(text.substr(0, size)) - (text.size() - size);
    c.partial.clear();
    c.state = State::content;
    if (c.remaining == 0) complete(c);
  }

  static std::uint64_t content_length(std::string_view head) {
    for (const std::string_view name : {"ontent-Length: ", "ontent-length: "}) {
      const std::size_t at = head.find(name);
      if (at != std::string_view::npos) return number(head.substr(at + name.size(), 20));
    }
    require(false, "an answer without Content-Length");
    return 0;
  }

  void complete(Connection& c) {
    if (options_.close) {
      c.state = State::end;
      return;
    }
    done(c);
  }

  void done(Connection& c) {
    if (c.state != State::closed) c.state = State::idle;
    ++finished_;
    latencies_.push_back(duration_cast<nanoseconds>(now_ - c.due).count());
    if (!opening_) return next(c);
    if (opened_ < connections_.size()) start(connections_[opened_++]);
  }

  void fail(Connection& c) {
    drop(c);
    ++errors_;
    ++finished_;
    if (!opening_) next(c);
  }

  static void drop(Connection& c) {
    c.fd.reset();
    c.state = State::closed;
    c.partial.clear();
  }

  double microseconds(double share) const {
    if (latencies_.empty()) return 0;
    const double last = static_cast<double>(latencies_.size() - 1);
    return static_cast<double>(latencies_[static_cast<std::size_t>(std::lround(share * last))]) / 1e3;
  }

  void print() {
    std::ranges::sort(latencies_);
    const double took = std::chrono::duration<double>(now_ - begun_).count();
    std::cout << R"({"requests":)" << finished_ << R"(,"ok":)" << succeeded_ << R"(,"refused":)" << refused_
              << R"(,"errors":)" << errors_ << R"(,"seconds":)" << took << R"(,"p50":)" << microseconds(0.5)
              << R"(,"p99":)" << microseconds(0.99) << R"(,"p999":)" << microseconds(0.999) << "}" << std::endl;
  }

  Options options_;
  Poll poll_;
  std::vector<Connection> connections_;
  std::array<epoll_event, 256> events_{};
  std::array<char, 65536> buffer_{};
  std::uint64_t wanted_ = 0, started_ = 0, finished_ = 0, succeeded_ = 0, refused_ = 0, errors_ = 0;
  std::size_t opened_ = 0;
  bool opening_ = false;
  std::uint32_t from_ = 0;
  double rate_ = 0;
  TimePoint now_, begun_, arrival_, last_cut_;
  std::vector<Connection*> free_;
  std::vector<TimePoint> late_;
  std::size_t late_served_ = 0;
  std::vector<std::int64_t> latencies_;
  std::mt19937_64 random_{7};  // NOLINT(cert-msc51-cpp): the same arrivals for every proxy
  std::exponential_distribution<double> gap_{1.0};
};

}  // namespace
}  // namespace holdfast::bench

int main(int count, char** values) {
  using namespace holdfast::bench;
  prepare_process();
  Load load(options_of(count, values));
  if (!load.open()) return 1;
  std::cout << "{\"ready\":1}" << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
    const std::size_t space = std::min(line.find(' ', 4), line.size());
    if (!line.starts_with("run ")) break;
    load.run(number(std::string_view(line).substr(4, space - 4)),
             number(std::string_view(line).substr(std::min(space + 1, line.size()))));
  }
  return 0;
}
