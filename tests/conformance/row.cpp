// row: the words that tables are written in. Declared in row.h.
#include "row.h"

namespace holdfast::conformance {
namespace {

std::string length_line(std::size_t size) { return "Content-Length: " + std::to_string(size) + "\r\n"; }

std::string text(std::string_view part) { return std::string(part); }

std::string status_and_word(std::string_view reason) {
  for (const Failure& row : failure_table) {
    if (row.word == reason && row.status != 0) return std::to_string(row.status) + " `" + text(reason) + "`";
  }
  return "`" + text(reason) + "`";
}

}  // namespace

Fact start(std::string line) { return {Fact::What::start, std::move(line)}; }
Fact status(int code) { return {Fact::What::status, std::to_string(code)}; }
Fact field(std::string name, std::string value) { return {Fact::What::fields, std::move(name), {std::move(value)}}; }
Fact fields(std::string name, std::vector<std::string> values) {
  return {Fact::What::fields, std::move(name), std::move(values)};
}
Fact absent(std::string name) { return {Fact::What::absent, std::move(name)}; }
Fact content(std::string bytes) { return {Fact::What::content, std::move(bytes)}; }
Fact chunked(std::string bytes) { return {Fact::What::chunked, std::move(bytes)}; }
Fact trailer(std::string name, std::string value) {
  return {Fact::What::trailers, std::move(name), {std::move(value)}};
}
Fact no_trailer(std::string name) { return {Fact::What::trailers, std::move(name)}; }
Fact mentions(std::string part) { return {Fact::What::mentions, std::move(part)}; }

Rows joined(std::vector<Rows> parts) {
  Rows all;
  for (Rows& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Rows of_responses(Rows rows) {
  for (Row& row : rows) {
    const bool said =
        row.sentence.find("response") != std::string::npos || row.sentence.find("app ") != std::string::npos;
    if (!said) row.sentence = "Response: " + row.sentence;
  }
  return rows;
}

Refused refused(std::string request, std::string_view reason, Facts at_client) {
  return {std::move(request), reason, std::move(at_client)};
}
Aborted aborted(std::string request, std::string_view reason) { return {std::move(request), reason}; }
Exchanged forwarded(std::string request, Facts at_app, Facts at_client) {
  return {.request = std::move(request), .at_app = std::move(at_app), .at_client = std::move(at_client)};
}
Exchanged answered(std::string answer, Facts at_client, Fate app) {
  return {.request = get(), .answer = std::move(answer), .at_client = std::move(at_client), .app = app};
}
Exchanged bad_gateway(std::string answer, AppEnd then, std::string_view reason) {
  return {.request = get(),
          .answer = std::move(answer),
          .then = then,
          .at_client = {status(502)},
          .reason = reason,
          .app = Fate::closed};
}
Story told(void (*tell)(Talk& t), std::string_view outcome) { return {tell, outcome}; }

std::string request(std::string_view line, std::string_view fields, std::string_view content) {
  return text(line) + " HTTP/1.1\r\nHost: a.example\r\n" + text(fields) + "\r\n" + text(content);
}
std::string get(std::string_view fields, std::string_view target) { return request("GET " + text(target), fields); }
std::string post(std::string_view fields, std::string_view content) { return request("POST /a", fields, content); }
std::string sized_post(std::string_view content) { return post(length_line(content.size()), content); }
std::string chunked_post(std::string_view chunks, std::string_view fields) {
  return post(text(fields) + "Transfer-Encoding: chunked\r\n", chunks);
}
std::string response(std::string_view status, std::string_view fields, std::string_view content) {
  return "HTTP/1.1 " + text(status) + "\r\n" + text(fields) + "\r\n" + text(content);
}
std::string ok(std::string_view fields, std::string_view content) {
  return response("200 OK", text(fields) + length_line(content.size()), content);
}
std::string chunked_ok(std::string_view chunks, std::string_view fields) {
  return response("200 OK", text(fields) + "Transfer-Encoding: chunked\r\n", chunks);
}

std::string outcome_of(const Row& row) {
  struct Words {
    std::string operator()(const Refused& check) const { return status_and_word(check.reason) + ", closed"; }
    std::string operator()(const Aborted& check) const {
      return status_and_word(check.reason) + ", closed; the app sees an aborted request";
    }
    std::string operator()(const Exchanged& check) const {
      std::string words = check.reason == "ok" ? "" : status_and_word(check.reason);
      if (check.client == Fate::closed) words += words.empty() ? "closed" : ", closed";
      if (check.client == Fate::cut) words += words.empty() ? "cut" : ", cut";
      return words;
    }
    std::string operator()(const Story& check) const { return text(check.outcome); }
  };
  return std::visit(Words{}, row.check);
}

}  // namespace holdfast::conformance
