// run: plays rows, each with input that comes whole and byte by byte. Declared in row.h.
#include "row.h"

namespace holdfast::conformance {
namespace {

constexpr std::string_view smuggled = "GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n";
constexpr std::string_view next = "GET /next HTTP/1.1\r\nHost: a.example\r\n\r\n";

std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 300)) {
    const bool plain = static_cast<unsigned char>(c) >= 0x20 && c != '\x7f';
    out += c == '\r' ? "\\r" : c == '\n' ? "\\n" : plain ? std::string(1, c) : "?";
  }
  return out;
}

std::string joined(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += "[" + shown(value) + "]";
  return text;
}

std::uint16_t status_of_row(std::string_view reason) {
  for (const Failure& row : failure_table) {
    if (row.word == reason) return row.status;
  }
  return 0;
}

bool is_head(std::string_view request) { return request.starts_with("HEAD "); }

// A response of Holdfast's own: for people and programs to read, and for nobody to keep.
void see_own(Talk& t, const Message& answer, bool head) {
  t.see(answer, {field("Content-Type", "application/json"), field("Cache-Control", "no-store")}, "our own response");
  t.check(values_of(answer.fields, "x-request-id").size() == 1, "no request id in our own response");
  t.check(values_of(answer.fields, "date").size() == 1, "no Date in our own response");
  t.check(head ? answer.content.empty() : answer.content.starts_with("{\"error\":\""),
          "content of our own response: " + shown(answer.content));
}

// The connection serves one more request, which gets its own answer.
void see_kept(Talk& t, Fate app) {
  t.check(t.c.open(), "the client's connection is closed");
  t.c.send(next);
  if (app == Fate::kept) t.check(t.s.dialled() == 1, "the app's connection was not used again");
  if (app == Fate::closed) t.check(!t.s.app(0).open(), "the app's connection is kept");
  if (t.s.dialled() == 0) return t.check(false, "the next request does not reach the app");
  const std::size_t last = t.s.dialled() - 1;
  t.see(t.asked(last), {start("GET /next HTTP/1.1"), content("")}, "the next request");
  t.s.app(last).send(ok("", "the next answer"));
  t.see(t.answered(), {status(200), content("the next answer")}, "the next response");
}

void see_refusal(Talk& t, std::string_view reason, bool head, const Facts& facts) {
  const Message answer = t.answered(head);
  t.equal(std::to_string(answer.status), std::to_string(status_of_row(reason)), "status");
  t.see(answer, {field("Connection", "close")}, "the refusal");
  t.see(answer, facts, "the refusal");
  see_own(t, answer, head);
  t.check(t.c.saw_end() && !t.c.was_reset(), "the connection is not closed in order");
  t.check(t.s.log().size() == 1, "not one line");
  t.logged(reason);
  t.equal(testing::in_line(t.s.last_line(), "blame"), "client", "blame");
}

void play(const Refused& check, Talk& t) {
  t.c.send(check.request + std::string(smuggled));
  t.check(t.s.dialled() == 0, "something reached the app");
  see_refusal(t, check.reason, is_head(check.request), check.at_client);
}

void play(const Aborted& check, Talk& t) {
  t.c.send(check.request + std::string(smuggled));
  for (std::size_t i = 0; i < t.s.dialled(); ++i) {
    const std::string seen = t.s.app(i).received();
    const Message asked = read_request(seen);
    t.check(!asked.complete, "the app saw a complete request: " + shown(seen));
    t.check(!testing::contains(seen, "/smuggled"), "the app saw what is behind: " + shown(seen));
    t.check(t.s.app(i).was_reset(), "the app's connection was not reset");
  }
  t.check(t.s.dialled() <= 1, "more than one connection to the app");
  see_refusal(t, check.reason, false, {});
}

void see_interims(Talk& t, const Exchanged& check, std::string& bytes) {
  std::vector<std::string> seen;
  while (bytes.starts_with("HTTP/1.1 1")) {
    const Message interim = read_response(bytes, false, false);
    t.check(interim.fault.empty(), "interim response: " + interim.fault);
    seen.push_back(interim.start);
    bytes = interim.rest;
  }
  t.equal(joined(seen), joined(check.interims), "interim responses");
}

void see_fate(Talk& t, const Exchanged& check, const Message& answer) {
  if (check.client == Fate::cut) {
    t.check(!answer.complete, "a cut response looks complete");
    t.check(!t.c.open(), "the connection goes on behind a cut response");
    return;
  }
  t.check(answer.complete, "the response is not complete");
  t.check(answer.rest.empty(), "bytes behind the response: " + shown(answer.rest));
  if (check.client == Fate::closed) {
    t.see(answer, {field("Connection", "close")}, "the last response");
    t.check(t.c.saw_end() && !t.c.was_reset(), "the connection is not closed in order");
  }
  if (check.app == Fate::closed) t.check(!t.s.app(0).open(), "the app's connection is kept");
  if (check.client == Fate::kept) see_kept(t, check.app);
}

void play(const Exchanged& check, Talk& t) {
  t.c.send(check.request);
  if (t.s.dialled() != 1) return t.check(false, "the request did not reach the app");
  t.see(t.asked(), check.at_app, "at the app");
  t.s.app().send(check.answer);
  if (check.then == AppEnd::closes) t.s.app().close();
  if (check.then == AppEnd::resets) t.s.app().reset();
  std::string bytes = t.c.take();
  see_interims(t, check, bytes);
  const bool ended = t.c.saw_end() && !t.c.was_reset();
  const Message answer = read_response(bytes, is_head(check.request), ended);
  t.check(answer.fault.empty(), "response: " + answer.fault + " in " + shown(bytes));
  t.see(answer, check.at_client, "at the client");
  t.logged(check.reason);
  const bool of_the_app = check.reason == "ok" || check.reason == "app_5xx";
  if (!of_the_app && check.client != Fate::cut) see_own(t, answer, is_head(check.request));
  see_fate(t, check, answer);
}

void play(const Story& check, Talk& t) { check.tell(t); }

}  // namespace

void Talk::check(bool holds, std::string_view what) {
  if (!holds) faults.emplace_back(what);
}

void Talk::equal(std::string_view seen, std::string_view wanted, std::string_view what) {
  if (seen == wanted) return;
  faults.push_back(std::string(what) + ": " + shown(wanted) + " expected, seen " + shown(seen));
}

void Talk::see(const Message& message, const Facts& facts, std::string_view where) {
  const std::string place = std::string(where) + ": ";
  for (const Fact& fact : facts) {
    switch (fact.what) {
      case Fact::What::start: equal(message.start, fact.name, place + "start line"); break;
      case Fact::What::status: equal(std::to_string(message.status), fact.name, place + "status"); break;
      case Fact::What::fields:
        equal(joined(values_of(message.fields, fact.name)), joined(fact.values), place + fact.name);
        break;
      case Fact::What::absent:
        equal(joined(values_of(message.fields, fact.name)), "", place + fact.name);
        equal(joined(values_of(message.trailers, fact.name)), "", place + fact.name + " in the trailers");
        break;
      case Fact::What::content: equal(message.content, fact.name, place + "content"); break;
      case Fact::What::chunked:
        check(message.chunked, place + "not in chunks");
        equal(message.content, fact.name, place + "content");
        break;
      case Fact::What::trailers:
        equal(joined(values_of(message.trailers, fact.name)), joined(fact.values), place + "trailer " + fact.name);
        break;
      case Fact::What::mentions:
        check(testing::contains(message.content, fact.name), place + "content without " + fact.name);
        break;
    }
  }
}

Message Talk::asked(std::size_t n) {
  const std::string bytes = s.app(n).take();
  Message message = read_request(bytes);
  check(message.fault.empty(), "request: " + message.fault + " in " + shown(bytes));
  check(message.complete && message.rest.empty(), "not one complete request: " + shown(bytes));
  return message;
}

Message Talk::answered(bool head) { return answered_to(c, head); }

Message Talk::answered_to(testing::Peer& client, bool head) {
  const std::string bytes = client.take();
  Message message = read_response(bytes, head, client.saw_end() && !client.was_reset());
  check(message.fault.empty(), "response: " + message.fault + " in " + shown(bytes));
  check(message.complete && message.rest.empty(), "not one complete response: " + shown(bytes));
  return message;
}

void Talk::logged(std::string_view reason) { equal(testing::in_line(s.last_line(), "reason"), reason, "reason"); }

std::vector<std::string> run(const Row& row) {
  std::vector<std::string> faults;
  for (const std::size_t step : {SIZE_MAX, std::size_t{1}}) {
    Talk t({.policies = row.policies, .step = step});
    std::visit([&t](const auto& check) { play(check, t); }, row.check);
    for (const std::string& fault : t.faults) faults.push_back(fault + (step == 1 ? " (byte by byte)" : ""));
  }
  return faults;
}

void check_rows(const Rows& rows) {
  for (const Row& row : rows) {
    INFO("RFC " << std::string(row.section) << ": " << row.sentence);
    for (const std::string& fault : run(row)) CHECK_MESSAGE(fault.empty(), fault);
  }
}

}  // namespace holdfast::conformance
