// Rule 3 of the format, case by case: what is refused, where, and under which code.
#include <doctest/doctest.h>

#include <algorithm>

#include "config/codes.h"
#include "config/document.h"
#include "config/sample.h"

namespace {

using namespace holdfast::config;

struct Case {
  std::string_view what;
  std::string yaml;
  std::vector<std::string> expected;
};

std::vector<std::string> faults_of(const std::string& yaml) {
  std::vector<Fault> faults;
  [[maybe_unused]] const Document document = read_document("f", yaml, faults);
  sort_faults(faults);
  std::vector<std::string> out;
  for (const Fault& fault : faults) {
    out.push_back(std::to_string(fault.place.line) + ":" + std::to_string(fault.place.column) + " " + fault.code);
  }
  return out;
}

TEST_CASE("document: what YAML readers disagree on is refused at its line and column") {
  const std::vector<Case> cases{
      {"plain", "a: 1\nb: [x, 'it''s', \"q\"]\nc: {d: 2}\n", {}},
      {"doubled key", "a: 1\nb: 2\na: 3\n", {"3:1 duplicate-key"}},
      {"doubled key in braces", "a: {b: 1, b: 2}\n", {"1:11 duplicate-key"}},
      {"columns count characters", "a: {\xC3\xA9: 1, b: 2, b: 3}\n", {"1:17 duplicate-key"}},
      {"anchor and alias", "x: &a 1\ny: *a\n", {"1:4 anchor", "2:4 alias"}},
      {"alias of nothing", "y: *b\n", {"1:4 alias"}},
      {"tags", "x: !!int 1\ny: ! 3\nz: !own {a: 1}\n", {"1:4 tag", "2:4 tag", "3:4 tag"}},
      {"merge key", "a:\n  <<: {x: 1}\n", {"2:3 merge-key"}},
      {"second document", "a: 1\n---\nb: 2\n", {"2:1 second-document"}},
      {"second document behind its end marker", "a: 1\n...\nb: 2\n", {"3:1 second-document"}},
      {"empty second document", "a: 1\n---\n", {"2:1 second-document"}},
      {"one document with its marker", "---\na: 1\n", {}},
      {"list and mapping at one level", "- a\nb: c\n", {"2:1 syntax"}},
      {"directive", "%YAML 1.2\n---\na: 1\n", {"1:1 directive"}},
      {"unclosed double quote", "a: 1\nb: \"x\nc: 2\nd: 3\n", {"2:4 unclosed-quote"}},
      {"unclosed single quote", "a: 'it''s\nb: 2\n", {"1:4 unclosed-quote"}},
      {"unclosed quote in braces", "a: {m: \"x, n: 1}\nb: 2\n", {"1:8 unclosed-quote"}},
      {"unclosed quote of a key", "\"a: 1\nb: 2\n", {"1:1 unclosed-quote"}},
      {"unclosed quote before a line continuation", "a: \"x\\\nb: 2\n", {"1:4 unclosed-quote"}},
      {"the faults behind an unclosed quote are found too",
       "a: \"x\nb: 2\nb: 3\n",
       {"1:4 unclosed-quote", "3:1 duplicate-key"}},
      {"the faults behind an unclosed quote in braces are found too",
       "a: {m: \"x}  # y\nb: 2\nb: 3\n",
       {"1:8 unclosed-quote", "3:1 duplicate-key"}},
      {"quotes inside plain text", "a: it's\nb: say \"hi\n", {}},
      {"quotes in comments", "a: 1  # don't\n# it's\nb: 2\n", {}},
      {"quotes in block text", "a: |\n  it's\n  \"open\nb: >-\n  'too\nc: 1\n", {}},
      {"tab in the indentation", "a:\n\tb: 1\n", {"2:1 tab"}},
      {"tab behind a value", "a: 1\t# why\n", {"1:5 tab"}},
      {"the faults behind a tab are found too", "a:\n\tb: 1\n\tb: 2\n", {"2:1 tab", "3:1 tab", "3:2 duplicate-key"}},
      {"NUL", std::string("a: 1\0\n", 6), {"1:5 bad-character"}},
      {"NUL by escape", "a: \"\\0\"\n", {"1:4 bad-character"}},
      {"lone carriage return", "a: 1\rb: 2\n", {"1:5 bad-character"}},
      {"bad UTF-8", "a: 1\nb: \xFF\n", {"2:4 bad-utf8"}},
      {"overlong UTF-8", "a: \xC0\x80\n", {"1:4 bad-utf8"}},
      {"surrogate", "a: \xED\xA0\x80\n", {"1:4 bad-utf8"}},
      {"CRLF line ends and a BOM are accepted",
       "\xEF\xBB\xBF"
       "a: 1\r\nb: 'x'\r\n",
       {}},
      {"places behind a BOM and CRLF",
       "\xEF\xBB\xBF"
       "a: 1\r\na: 2\r\n",
       {"2:1 duplicate-key"}},
      {"unclosed bracket", "a: 1\nb: [1, 2\nc: 3\n", {"2:4 syntax"}},
      {"unclosed brace at the end", "a: {x: 1\n", {"1:4 syntax"}},
      {"superfluous bracket", "{a: 1}}\n", {"1:7 syntax"}},
      {"two colons", "a: b: c\n", {"1:5 syntax"}},
      {"indentation that fits nothing", "a:\n    b: 1\n  c: 2\n", {"3:3 syntax"}},
      {"a value that needs quotes", "a: @x\n", {"1:4 syntax"}},
      {"list as key", "? [a]\n: 1\n", {"1:3 bad-key"}},
      {"null as key", "~: 1\n", {"1:1 bad-key"}},
      {"deep nesting", "a: " + std::string(40, '[') + std::string(40, ']') + "\n", {"1:35 too-deep"}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.what);
    CHECK(sample::listed(faults_of(one.yaml)) == sample::listed(one.expected));
  }
}

TEST_CASE("document: hostile input ends with a fault, quickly and without a throw") {
  std::string many;
  for (int i = 0; i < 100'001; ++i) many += "- 1\n";
  std::string dashes;
  for (int i = 0; i < 100'000; ++i) dashes += "- ";
  std::string questions;
  for (int i = 0; i < 100'000; ++i) questions += "? ";
  CHECK(faults_of(many).at(0).ends_with("too-many-nodes"));
  CHECK(faults_of(dashes).at(0).ends_with("too-deep"));
  CHECK(faults_of(questions).at(0).ends_with("bad-key"));
  CHECK(faults_of(std::string(200'000, '[')).size() == 1);
  CHECK(faults_of(std::string(200'000, '{')).size() == 1);
  CHECK(faults_of("a: " + std::string(200'000, '"')).size() == 1);
}

TEST_CASE("document: every prefix of a good file is read without a throw") {
  const std::string text =
      "version: 1\npolicies:\n  timeouts: {request: 'none', because: \"x # y\"}\n  errors:\n    - |\n      a\n    - "
      "[b, c]\n";
  for (std::size_t n = 0; n <= text.size(); ++n) {
    std::vector<Fault> faults;
    const Document document = read_document("f", text.substr(0, n), faults);
    CHECK(document.root.place.line >= 1);
    for (const Fault& fault : faults) CHECK(fault.place.line >= 1);
  }
}

TEST_CASE("load: a good file with any one byte changed is a configuration or a list of faults, never a throw") {
  const std::string good =
      "version: 1\nprofile: standard@1\npolicies:\n  timeouts: {request: none, because: \"x # y\"}\n"
      "routes:\n  - {name: a, match: POST /a/*, limits: {body: 1KiB}}\n"
      "acceptRisk:\n  - check: limits.enforced\n    until: 2026-12-31\n    owner: 'me'\n    because: >-\n      later\n";
  REQUIRE(sample::load_policy(good));
  constexpr char chosen[] = "\0\t\n\r\"'[]{}&*!|>%@`#:,-? \303\377a";
  const std::string_view bytes(chosen, sizeof chosen - 1);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : bytes) {
      std::string changed = good;
      changed[i] = c;
      const auto loaded = sample::load_policy(changed);
      if (loaded) continue;
      CHECK(!loaded.error().empty());
      for (const Fault& fault : loaded.error()) CHECK(fault.place.line >= 1);
    }
  }
}

TEST_CASE("check: six different faults of one file are six lines with their places, codes and fixes") {
  const auto loaded = sample::load_policy(
      "version: 1\n"
      "policies:\n"
      "  timeouts: {firstbyte: 2s, connect: 5}\n"
      "  limits:\n"
      "    body: 2GiB\n"
      "    queue: 10\n"
      "    queue: 20\n"
      "  errors: {replace5xx: yes}\n"
      "  redaction: {mode: disabled}\n");
  REQUIRE(!loaded);
  CHECK(sample::printed(loaded) ==
        "p:3:14: error[unknown-key]: 'firstbyte' means nothing here; did you mean firstByte; fix: write firstByte\n"
        "p:3:38: error[bad-unit]: connect: '5' has no unit; fix: write a duration with its unit (h, m, s, ms), such as "
        "500ms or 1m30s\n"
        "p:5:11: error[out-of-range]: body: '2GiB' is outside 1B to 1GiB; fix: write 1GiB or less\n"
        "p:7:5: error[duplicate-key]: 'queue' is given twice; the first is in line 6; fix: keep one of them\n"
        "p:8:24: error[bare-word]: replace5xx: 'yes' is a boolean to some YAML readers and a word to others; fix: "
        "write true or false\n"
        "p:9:21: error[bad-mode]: redaction cannot be in mode disabled; fix: use one of: enforce\n");
}

TEST_CASE("check: a fault at the end of a file is in one of its lines") {
  for (const std::string end :
       {"routes:\n  - ", "routes:\n  - \n", "policies:\n  limits: {body: ", "routes:\r\n  -\r\n\r\n"}) {
    const std::string text = "version: 1\nprofile: standard@1\n" + end;
    CAPTURE(text);
    const auto loaded = sample::load_policy(text);
    REQUIRE(!loaded);
    for (const Fault& fault : loaded.error()) CHECK(fault.place.line <= std::count(text.begin(), text.end(), '\n') + 1);
  }
  const auto loaded = sample::load_policy("1routes:\n  - ");
  REQUIRE(!loaded);
  for (const Fault& fault : loaded.error()) CHECK(fault.place.line <= 2);
}

TEST_CASE("check: a fault is one line even when the value that it quotes has two") {
  const std::string text =
      sample::printed(sample::load_policy("version: 1\npolicies:\n  errors:\n    message: |\n      a\n      b\n"));
  CHECK(text.find("error[") != std::string::npos);
  CHECK(text.find('\n') == text.size() - 1);
}

TEST_CASE("check: every code that is printed is in the table of codes, once") {
  for (const Code& one : code_table) {
    int times = 0;
    for (const Code& other : code_table) times += one.word == other.word ? 1 : 0;
    CHECK(times == 1);
    CHECK(!one.meaning.empty());
  }
}

}  // namespace
