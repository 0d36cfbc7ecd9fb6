// Hundreds of conversations, drawn with a fixed seed, over the same few connections: whatever went before, each
// exchange ends as it would have ended alone, with one line in the log, and at the end nothing is left.
#include <array>
#include <charconv>
#include <random>

#include "../support/scenario.h"

namespace holdfast::testing {
namespace {

// One kind of conversation is one member function; it says how its exchange must end by calling ended().
class Talk {
 public:
  Talk(Options options, unsigned seed) : s_(std::move(options)), random_(seed) {}

  void run(int conversations) {
    for (int i = 0; i < conversations; ++i) {
      CAPTURE(i);
      one(random_() % kinds.size());
      s_.advance(std::chrono::milliseconds(random_() % 900));
      REQUIRE(s_.in_flight() == 0);
      REQUIRE(s_.queued() == 0);
    }
    const std::vector<std::string> lines = s_.log();
    REQUIRE(lines.size() == reasons_.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      CAPTURE(lines[i]);
      CHECK(in_line(lines[i], "reason") == reasons_[i]);
    }
    CHECK(s_.dialled() < reasons_.size());  // connections to the app were used again
  }

 private:
  using Kind = void (Talk::*)();

  void one(std::size_t kind) {
    CAPTURE(kind);
    path_ = "/c" + std::to_string(next_++);
    (this->*kinds[kind])();
  }

  Peer& client() {
    Peer*& place = clients_[random_() % clients_.size()];
    if (place == nullptr || !place->open()) place = &s_.client();
    place->take();
    return *place;
  }
  // The app's end of the connection that the request went to.
  Peer& app(const std::string& path) {
    for (std::size_t n = s_.dialled(); n-- > 0;) {
      if (s_.app(n).open() && contains(s_.app(n).received(), " " + path + " HTTP/1.1\r\n")) return s_.app(n);
    }
    FAIL("the request for " << path << " did not arrive");
    return s_.app();
  }
  std::string content() { return pattern(std::array<std::size_t, 5>{1, 10, 5000, 70'000, 200'000}[random_() % 5]); }
  std::string request(std::string_view method, std::string_view fields = {}) const {
    return std::string(method) + " " + path_ + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
  }
  static std::string with_length(std::string_view status, std::string_view content) {
    return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" +
           std::string(content);
  }
  static std::string chunk(std::string_view content) {
    std::array<char, 16> size{};
    const auto end = std::to_chars(size.data(), size.data() + size.size(), content.size(), 16).ptr;
    return std::string(size.data(), end) + "\r\n" + std::string(content) + "\r\n";
  }
  void answered(Peer& c, int status, std::string_view body) {
    const std::string answer = c.take();
    CHECK(status_of(answer) == status);
    CHECK(body_of(answer) == body);
    CHECK(c.open());
    ended("ok");
  }
  void ended(std::string_view reason) { reasons_.emplace_back(reason); }

  void get() {
    Peer& c = client();
    c.send(request("GET"));
    const std::string body = content();
    app(path_).send(with_length("200 OK", body));
    answered(c, 200, body);
    drop_app();
  }
  void get_chunked() {
    Peer& c = client();
    c.send(request("GET"));
    const std::string body = content();
    app(path_).send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    app(path_).send(chunk(body));
    app(path_).send("0\r\n\r\n");
    CHECK(unchunked(body_of(c.take())) == body);
    ended("ok");
    drop_app();
  }
  void head() {
    Peer& c = client();
    c.send(request("HEAD"));
    app(path_).send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
    answered(c, 200, "");
    drop_app();
  }
  void post() {
    Peer& c = client();
    const std::string body = content();
    c.send(request("POST", "Content-Length: " + std::to_string(body.size()) + "\r\n"));
    Peer& to = app(path_);
    c.send(std::string_view(body).substr(0, body.size() / 2));
    c.send(std::string_view(body).substr(body.size() / 2));
    CHECK(to.take().ends_with(body));
    to.send(with_length("201 Created", "made"));
    answered(c, 201, "made");
  }
  void post_chunked() {
    Peer& c = client();
    const std::string body = content();
    c.send(request("POST", "Transfer-Encoding: chunked\r\n") + chunk(body) + "0\r\n\r\n");
    Peer& to = app(path_);
    CHECK(unchunked(body_of(to.received().substr(to.received().rfind("POST ")))) == body);
    to.take();
    to.send("HTTP/1.1 204 No Content\r\n\r\n");
    answered(c, 204, "");
  }
  void broken_app() {
    Peer& c = client();
    c.send(request("GET"));
    app(path_).send(with_length("500 Internal Server Error", "secret"));
    const std::string answer = c.take();
    CHECK(status_of(answer) == 500);
    CHECK(!contains(answer, "secret"));
    ended("app_5xx");
    drop_app();
  }
  void truncated() {
    Peer& c = client();
    c.send(request("GET"));
    Peer& to = app(path_);
    const bool chunked = random_() % 2 == 0;
    to.send(chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
                    : "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
    random_() % 2 == 0 ? to.close() : to.reset();
    CHECK(!c.open());
    ended("app_truncated");
  }
  void early_answer() {
    Peer& c = client();
    c.send(request("POST", "Content-Length: 100000\r\n") + pattern(1000));
    app(path_).send(with_length("403 Forbidden", "no"));
    CHECK(status_of(c.take()) == 403);
    CHECK(!c.open());
    ended("ok");
    c.send(pattern(random_() % 50'000));
    if (random_() % 2 == 0) c.close();
  }
  void leaves_upload() {
    Peer& c = client();
    c.send(request("POST", "Content-Length: 100000\r\n") + pattern(1000));
    Peer& to = app(path_);
    random_() % 2 == 0 ? c.close() : c.reset();
    CHECK(!to.open());
    ended("client_gone");
  }
  void leaves_response() {
    Peer& c = client();
    c.send(request("GET"));
    Peer& to = app(path_);
    if (random_() % 2 == 0) to.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
    random_() % 2 == 0 ? c.close() : c.reset();
    CHECK(!to.open());
    ended("client_gone");
  }
  void pipelined() {
    Peer& c = client();
    const std::string first = path_;
    const std::string one = request("GET");
    path_ += "b";
    const std::string two = request("POST", "Content-Length: 3\r\n") + "abc";
    path_ = first + "c";
    c.send(one + two + request("GET"));
    app(first).send(with_length("200 OK", "1"));
    app(first + "b").send(with_length("200 OK", "2"));
    app(first + "c").send(with_length("200 OK", "3"));
    const std::string answers = c.take();
    CHECK(count_of(answers, "HTTP/1.1 200 OK\r\n") == 3);
    CHECK(answers.ends_with("\r\n\r\n3"));
    for (int i = 0; i < 3; ++i) ended("ok");
    drop_app();
  }
  void interim() {
    Peer& c = client();
    c.send(request("GET"));
    app(path_).send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
    CHECK(status_of(c.take()) == 103);
    app(path_).send(with_length("200 OK", "x"));
    answered(c, 200, "x");
    drop_app();
  }
  void malformed() {
    Peer& c = client();
    c.send("GET / HTTP/1.1\r\nHost: a\r\nbad field: x\r\n\r\n");
    CHECK(status_of(c.take()) == 400);
    CHECK(!c.open());
    ended("bad_request");
  }
  void last_request() {
    Peer& c = client();
    c.send(request("GET", "Connection: close\r\n"));
    app(path_).send(with_length("200 OK", "bye"));
    CHECK(body_of(c.take()) == "bye");
    CHECK(!c.open());
    ended("ok");
    drop_app();
  }
  void last_answer() {
    Peer& c = client();
    c.send(request("GET"));
    Peer& to = app(path_);
    to.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    CHECK(!to.open());
    answered(c, 200, "ok");
  }
  void until_close() {
    Peer& c = client();
    c.send(request("GET"));
    const std::string body = content();
    app(path_).send("HTTP/1.1 200 OK\r\n\r\n" + body).close();
    CHECK(unchunked(body_of(c.take())) == body);
    ended("ok");
  }
  void slow_reader() {
    Peer& c = client();
    c.hold(1 + random_() % 5000);
    c.send(request("GET"));
    const std::string body = content();
    app(path_).send(with_length("200 OK", body));
    while (!c.read().empty()) {
    }
    c.release();
    answered(c, 200, body);
    drop_app();
  }
  void bad_answer() {
    Peer& c = client();
    c.send(request("GET"));
    app(path_).send("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n");
    CHECK(status_of(c.take()) == 502);
    ended("app_bad_response");
  }
  void idle_app_closes() {
    for (std::size_t n = 0; n < s_.dialled(); ++n) {
      if (s_.app(n).open()) s_.app(n).close();
    }
    get();
  }
  // Another conversation takes place while this one waits for its answer.
  void overlapping() {
    Peer& c = s_.client();
    c.send(request("GET"));
    Peer& to = app(path_);
    one(random_() % (kinds.size() - 2));  // neither itself, nor the one that closes what this one waits on
    to.send(with_length("200 OK", "late"));
    answered(c, 200, "late");
    c.close();
  }
  // Forgets what the app has received, so that it is not read again and again.
  void drop_app() {
    const std::size_t all = s_.dialled();
    for (std::size_t n = all - std::min<std::size_t>(all, 8); n < all; ++n) s_.app(n).take();
  }

  static constexpr std::array<Kind, 20> kinds{&Talk::get,
                                              &Talk::get_chunked,
                                              &Talk::head,
                                              &Talk::post,
                                              &Talk::post_chunked,
                                              &Talk::broken_app,
                                              &Talk::truncated,
                                              &Talk::early_answer,
                                              &Talk::leaves_upload,
                                              &Talk::leaves_response,
                                              &Talk::pipelined,
                                              &Talk::interim,
                                              &Talk::malformed,
                                              &Talk::last_request,
                                              &Talk::last_answer,
                                              &Talk::until_close,
                                              &Talk::slow_reader,
                                              &Talk::bad_answer,
                                              &Talk::idle_app_closes,
                                              &Talk::overlapping};

  Scenario s_;
  std::mt19937 random_;
  std::array<Peer*, 4> clients_{};
  std::vector<std::string> reasons_;
  std::string path_;
  int next_ = 0;
};

}  // namespace

TEST_CASE("mixed: 300 conversations of every kind over the same connections end as each would have ended alone") {
  for (const unsigned seed : {1U, 20'261'122U}) {
    CAPTURE(seed);
    Talk({.policies = "  limits: {body: 1MiB}"}, seed).run(300);
  }
}

TEST_CASE("mixed: and so do 100 when every read and write moves a few bytes only") {
  Talk({.policies = "  limits: {body: 1MiB}", .step = 61}, 7).run(100);
}

}  // namespace holdfast::testing
