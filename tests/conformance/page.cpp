#include "page.h"

#include <charconv>
#include <fstream>
#include <map>
#include <sstream>

#include "tables.h"

namespace holdfast::conformance {
namespace {

constexpr std::string_view place = "docs/conformance.md";  // tests run in the project's folder

struct Rfc {
  std::string_view number;
  std::string_view title;
};
constexpr Rfc rfcs[] = {
    {"9110", "HTTP Semantics"}, {"9111", "HTTP Caching"}, {"9112", "HTTP/1.1"}, {"7239", "Forwarded HTTP Extension"}};

constexpr Level levels[] = {Level::must, Level::must_not, Level::should, Level::should_not, Level::may};

std::string_view word(Level level) {
  switch (level) {
    case Level::must: return "MUST";
    case Level::must_not: return "MUST NOT";
    case Level::should: return "SHOULD";
    case Level::should_not: return "SHOULD NOT";
    case Level::may: return "MAY";
  }
  return "";
}

std::string_view number_of(const Row& row) { return row.section.substr(0, 4); }
std::string_view section_of(const Row& row) { return row.section.substr(5); }

// 7.6.1 as numbers, so that 15.2 comes behind 7.8.
std::vector<int> parts_of(std::string_view section) {
  std::vector<int> parts;
  for (const char* at = section.data(); at < section.data() + section.size(); ++at) {
    int part = 0;
    at = std::from_chars(at, section.data() + section.size(), part).ptr;
    parts.push_back(part);
  }
  return parts;
}

// A cell of a table: no bar may end it.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string result_of(const Row& row) {
  if (!row.deviates.why.empty()) return "**deviates**: " + std::string(row.deviates.does);
  const std::string outcome = outcome_of(row);
  return outcome.empty() ? "holds" : "holds: " + outcome;
}

Rows of(const Rows& rows, std::string_view rfc) {
  std::multimap<std::vector<int>, Row> by_section;  // rows of one section keep their order
  for (const Row& row : rows) {
    if (number_of(row) == rfc) by_section.emplace(parts_of(section_of(row)), row);
  }
  Rows found;
  found.reserve(by_section.size());
  for (const auto& [section, row] : by_section) found.push_back(row);
  return found;
}

std::string totals_line(std::string_view name, const Rows& rows) {
  std::map<Level, int> count;
  long deviations = 0;
  for (const Row& row : rows) {
    ++count[row.level];
    deviations += row.deviates.why.empty() ? 0 : 1;
  }
  std::string line = "| " + std::string(name) + " |";
  for (const Level level : levels) line += " " + std::to_string(count[level]) + " |";
  return line + " " + std::to_string(rows.size()) + " | " + std::to_string(deviations) + " |\n";
}

std::string head_of(const Rows& rows) {
  std::string text =
      "# Conformance\n\n"
      "What HTTP asks of an intermediary in front of one app, and what Holdfast does about it. Every line of the "
      "tables "
      "is a case of\n`tests/conformance`: a conversation with a whole proxy in memory, played with input that comes at "
      "once and with input that comes\nbyte by byte, and judged by the exact messages that the app and the client see, "
      "by what becomes of both connections and by the\nreason in the access line. Each refused request is followed by "
      "a "
      "second one that must not reach the app, and each connection\nthat is kept must serve one more request. A core "
      "of "
      "the cases runs over real sockets as well\n(`tests/end_to_end/cases_conformance.py`).\n\n"
      "The sentences say what must hold, in words of this project. `MAY` is a choice that the RFC leaves: the sentence "
      "says which one\nHoldfast made. Where a result names a status, the word behind it is the `reason` in the log.\n\n"
      "This page is generated from the cases, and a test fails when it differs from them:\n\n"
      "```sh\nbuild/debug/tests/test_conformance --no-skip --test-case='page: write'\n```\n\n"
      "| | MUST | MUST NOT | SHOULD | SHOULD NOT | MAY | cases | deviations |\n|---|--:|--:|--:|--:|--:|--:|--:|\n";
  for (const Rfc& rfc : rfcs) text += totals_line("RFC " + std::string(rfc.number), of(rows, rfc.number));
  return text + totals_line("**all**", rows);
}

std::string deviations_of(const Rows& rows) {
  std::string text =
      "\n## Deliberate deviations\n\n"
      "| RFC | level | what it asks | what Holdfast does | why |\n|---|---|---|---|---|\n";
  for (const Rfc& rfc : rfcs) {
    for (const Row& row : of(rows, rfc.number)) {
      if (row.deviates.why.empty()) continue;
      text += "| " + std::string(row.section) + " | " + std::string(word(row.level)) + " | " + cell(row.sentence) +
              " | " + cell(row.deviates.does) + " | " + cell(row.deviates.why) + " |\n";
    }
  }
  return text;
}

std::string tables_of(const Rows& rows, const Rfc& rfc) {
  std::string text = "\n## RFC " + std::string(rfc.number) + ": " + std::string(rfc.title) + "\n";
  std::string_view section;
  const Rows sorted = of(rows, rfc.number);
  for (const Row& row : sorted) {
    if (section_of(row) != section) {
      section = section_of(row);
      text += "\n### " + std::string(rfc.number) + " section " + std::string(section) +
              "\n\n| level | sentence | result |\n|---|---|---|\n";
    }
    text += "| " + std::string(word(row.level)) + " | " + cell(row.sentence) + " | " + result_of(row) + " |\n";
  }
  return text;
}

std::string text_of(std::string_view path) {
  const std::ifstream file{std::string(path)};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

Rows all_rows() {
  return joined({request_lines(),
                 targets(),
                 hosts(),
                 field_lines(),
                 request_framing(),
                 request_codings(),
                 chunked_requests(),
                 chunked_responses(),
                 status_lines(),
                 response_framing(),
                 statuses(),
                 methods(),
                 hop_by_hop_requests(),
                 hop_by_hop_responses(),
                 upgrades(),
                 expectations(),
                 interim_responses(),
                 trailer_sections(),
                 persistence(),
                 incomplete_messages(),
                 origins(),
                 end_to_end_requests(),
                 end_to_end_responses(),
                 caching(),
                 own_replies()});
}

std::string page_of(const Rows& rows) {
  std::string text = head_of(rows) + deviations_of(rows);
  for (const Rfc& rfc : rfcs) text += tables_of(rows, rfc);
  return text;
}

TEST_CASE("page: every row has a place on it, and no two rows are the same") {
  const Rows rows = all_rows();
  std::size_t placed = 0;
  for (const Rfc& rfc : rfcs) placed += of(rows, rfc.number).size();
  CHECK(placed == rows.size());
  std::map<std::string, int> seen;
  for (const Row& row : rows) {
    INFO(row.sentence);
    CHECK(++seen[std::string(row.section) + " " + row.sentence] == 1);
    CHECK(!parts_of(section_of(row)).empty());
    CHECK(row.sentence.ends_with("."));
  }
}

TEST_CASE("page: docs/conformance.md is what the rows say") {
  const bool same = text_of(place) == page_of(all_rows());
  CHECK_MESSAGE(same, "write it anew: test_conformance --no-skip --test-case='page: write', in the project's folder");
}

TEST_CASE("page: write" * doctest::skip()) {
  const Rows rows = all_rows();
  for (const Row& row : rows) {
    INFO(row.sentence);
    REQUIRE(run(row).empty());
  }
  std::ofstream(std::string(place)) << page_of(rows);
}

}  // namespace holdfast::conformance
