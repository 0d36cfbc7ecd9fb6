// The table of failure: what must hold for every row, whatever is added to it.
#include "core/failure.h"

#include <doctest/doctest.h>

#include <array>
#include <set>
#include <string>

namespace holdfast {

TEST_CASE("failure: ok is the first row and ends nothing") {
  CHECK(failure(Reason::ok).word == "ok");
  CHECK(failure(Reason::ok).status == 0);
  CHECK(failure(Reason::ok).blame == Blame::none);
}

TEST_CASE("failure: every row has a word of its own, fit for a metric label and a log line") {
  std::set<std::string_view> words;
  for (const Failure& row : failure_table) {
    CAPTURE(row.word);
    CHECK(words.insert(row.word).second);
    CHECK(!row.word.empty());
    CHECK(row.word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string_view::npos);
  }
  CHECK(words.size() == reason_count);
}

TEST_CASE("failure: every row has an error status, except where the app's own status stays") {
  const std::set<std::string_view> as_sent{"app_truncated", "app_5xx"};
  for (std::size_t i = 1; i < reason_count; ++i) {
    const Failure& row = failure_table[i];
    CAPTURE(row.word);
    if (as_sent.contains(row.word)) {
      CHECK(row.status == 0);
    } else {
      CHECK(row.status >= 400);
      CHECK(row.status < 600);
    }
  }
}

TEST_CASE("failure: a client is told what it did wrong, and nothing of our own troubles") {
  for (std::size_t i = 1; i < reason_count; ++i) {
    const Failure& row = failure_table[i];
    CAPTURE(row.word);
    const bool gone = row.status == failure(Reason::downstream_gone).status;  // nobody is there to read it
    CHECK(row.text.empty() == (row.blame != Blame::client || gone));
    CHECK(row.text.find_first_of("\"\\\r\n") == std::string_view::npos);  // stands inside JSON and HTML as it is
  }
}

TEST_CASE("failure: who is to blame fits the status and the word") {
  for (std::size_t i = 1; i < reason_count; ++i) {
    const Failure& row = failure_table[i];
    CAPTURE(row.word);
    CHECK(row.blame != Blame::none);
    CHECK((row.blame == Blame::app) == row.word.starts_with("app_"));
    if (row.status >= 400 && row.status < 500) CHECK(row.blame == Blame::client);
  }
}

TEST_CASE("failure: Proxy-Status types are registered ones") {
  // RFC 9209 2.3.
  const std::set<std::string_view> registered{"",
                                              "destination_unavailable",
                                              "connection_refused",
                                              "connection_terminated",
                                              "connection_timeout",
                                              "connection_limit_reached",
                                              "http_request_error",
                                              "http_response_incomplete",
                                              "http_response_header_section_size",
                                              "http_response_timeout",
                                              "http_protocol_error",
                                              "proxy_internal_response",
                                              "proxy_internal_error"};
  for (const Failure& row : failure_table) {
    CAPTURE(row.word);
    CHECK(registered.contains(row.proxy_status));
  }
}

TEST_CASE("failure: each party has a word") {
  std::set<std::string_view> words;
  for (const Blame blame : {Blame::none, Blame::client, Blame::app, Blame::sidecar, Blame::operator_}) {
    CHECK(words.insert(word(blame)).second);
    CHECK(!word(blame).empty());
  }
}

}  // namespace holdfast
