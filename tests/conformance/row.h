// row: one requirement of RFC 9110, 9112 or 9111 5, and the conversation that shows what Holdfast does about it.
//
// A row is refused, broken off, exchanged or told: its check says which, and run.cpp plays it, whole and byte by byte.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "message.h"
#include "support/scenario.h"

namespace holdfast::conformance {

enum class Level { must, must_not, should, should_not, may };

// What must be seen of one message.
struct Fact {
  enum class What { start, status, fields, absent, content, chunked, trailers, mentions };
  What what;
  std::string name;
  std::vector<std::string> values = {};
};
Fact start(std::string line);
Fact status(int code);
Fact field(std::string name, std::string value);                 // once, with that value
Fact fields(std::string name, std::vector<std::string> values);  // all of that name, in order
Fact absent(std::string name);                                   // neither field nor trailer
Fact content(std::string bytes);
Fact chunked(std::string bytes);  // content that came in chunks
Fact trailer(std::string name, std::string value);
Fact no_trailer(std::string name);
Fact mentions(std::string part);  // in the content
using Facts = std::vector<Fact>;

enum class Fate { any, kept, closed, cut };  // cut: inside of a message, or by reset
enum class AppEnd { stays, closes, resets };

// A head that nothing of may reach the app. A second request is behind it, which must not either.
struct Refused {
  std::string request;
  std::string_view reason = "bad_request";
  Facts at_client = {};
};

// A good head with content that breaks off or breaks a rule: the app must not see a complete request.
struct Aborted {
  std::string request;
  std::string_view reason = "bad_request";
};

// One request, one answer, and then one more request on the same connection when it is kept.
struct Exchanged {
  std::string request;
  Facts at_app = {};
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  AppEnd then = AppEnd::stays;
  Facts at_client = {};
  std::string_view reason = "ok";
  Fate client = Fate::kept;
  Fate app = Fate::any;
  std::vector<std::string> interims = {};  // their status lines
};

// Everything that a story works with. Faults are collected; a row without one holds.
class Talk {
 public:
  explicit Talk(const testing::Options& options) : s(options), c(s.client()) {}

  void check(bool holds, std::string_view what);
  void equal(std::string_view seen, std::string_view wanted, std::string_view what);
  void see(const Message& message, const Facts& facts, std::string_view where);
  Message asked(std::size_t n = 0);     // takes one complete request from the app's connection `n`
  Message answered(bool head = false);  // takes one complete response from the client's connection
  Message answered_to(testing::Peer& client, bool head = false);
  void logged(std::string_view reason);  // the last line

  testing::Scenario s;
  testing::Peer& c;
  std::vector<std::string> faults;
};

struct Story {
  void (*tell)(Talk& t);
  std::string_view outcome = {};
};

// When Holdfast deliberately does other than the sentence says.
struct Deviation {
  std::string_view does;
  std::string_view why;
};

struct Row {
  std::string_view section;  // "9112 3.2"
  Level level;
  std::string sentence;
  std::variant<Refused, Aborted, Exchanged, Story> check;
  Deviation deviates = {};
  std::string policies = {};
};
using Rows = std::vector<Row>;
Rows joined(std::vector<Rows> parts);
Rows of_responses(Rows rows);  // says so in front of sentences that do not

Refused refused(std::string request, std::string_view reason = "bad_request", Facts at_client = {});
Aborted aborted(std::string request, std::string_view reason = "bad_request");
Exchanged forwarded(std::string request, Facts at_app, Facts at_client = {});
Exchanged answered(std::string answer, Facts at_client, Fate app = Fate::any);
Exchanged bad_gateway(std::string answer, AppEnd then = AppEnd::stays, std::string_view reason = "app_bad_response");
Story told(void (*tell)(Talk& t), std::string_view outcome = "");

// Messages. `fields` are whole lines with their CRLF.
std::string get(std::string_view fields = "", std::string_view target = "/a");
std::string request(std::string_view line, std::string_view fields = "", std::string_view content = "");
std::string post(std::string_view fields, std::string_view content = "");
std::string sized_post(std::string_view content);
std::string chunked_post(std::string_view chunks, std::string_view fields = "");
std::string ok(std::string_view fields = "", std::string_view content = "hello");
std::string response(std::string_view status, std::string_view fields = "", std::string_view content = "");
std::string chunked_ok(std::string_view chunks, std::string_view fields = "");

// Faults of one row; none when it holds.
std::vector<std::string> run(const Row& row);
// A doctest check for every row.
void check_rows(const Rows& rows);
std::string outcome_of(const Row& row);

}  // namespace holdfast::conformance
