// Goldens with a few bytes changed: whatever they are then, they are denied, or injected in a way that can be taken
// back exactly and does not change when repeated. Bounded and seeded: the same cases every time.
#include <doctest/doctest.h>

#include <array>
#include <random>

#include "golden.h"

namespace holdfast::kubernetes::testing {
namespace {

constexpr std::size_t mutants_of_each = 25;

// std::uniform_int_distribution differs between libraries; this does not.
std::size_t below(std::mt19937& random, std::size_t limit) { return limit == 0 ? 0 : random() % limit; }

std::string mutated(std::string text, std::mt19937& random) {
  constexpr std::array<std::string_view, 18> pieces{"\n", "  ", "- ",  ": ", "{", "}",  "[",     "]",    "\"",
                                                    "'",  "#",  "&a ", "*a", "|", "\t", "---\n", "\xff", "~"};
  for (std::size_t left = 1 + below(random, 3); left > 0; --left) {
    const std::size_t at = below(random, text.size());
    const std::size_t length = below(random, 12);
    switch (below(random, 4)) {
      case 0: text.erase(at, length); break;
      case 1: text.insert(at, pieces[below(random, pieces.size())]); break;
      case 2: text.insert(below(random, text.size()), text.substr(at, length)); break;
      case 3:
        if (at < text.size()) text[at] = static_cast<char>(below(random, 128));
        break;
    }
  }
  return text;
}

void check_one(const std::string& text, const InjectFlags& flags, std::size_t& injected) {
  const Outcome outcome = inject_text(text, flags);
  CHECK(outcome.texts.empty() == outcome.has_errors());
  if (outcome.has_errors()) return;
  injected += outcome.injected;
  const std::string& output = outcome.texts.front();
  if (outcome.injected == 0) return;
  INFO(text);
  const Outcome back = uninject_text(output);
  REQUIRE(!back.has_errors());
  CHECK(back.texts.front() == text);
  const Outcome again = inject_text(output, flags);
  REQUIRE(!again.has_errors());
  CHECK(again.texts.front() == output);
}

TEST_CASE("mutations: a changed manifest is denied, or injected and taken back exactly") {
  std::mt19937 random(1);
  std::size_t injected = 0;
  for (const Golden& golden : all_goldens()) {
    CAPTURE(golden.name);
    for (std::size_t i = 0; i < mutants_of_each; ++i) {
      check_one(mutated(golden.input, random), flags_of(golden.name), injected);
    }
  }
  CHECK(injected > 200);
}

TEST_CASE("mutations: a changed output is refused by uninject or changed, and never a crash") {
  std::mt19937 random(2);
  for (const Golden& golden : all_goldens()) {
    if (golden.output.empty()) continue;
    CAPTURE(golden.name);
    for (std::size_t i = 0; i < mutants_of_each; ++i) {
      const Outcome back = uninject_text(mutated(golden.output, random));
      CHECK(back.texts.empty() == back.has_errors());
    }
  }
}

}  // namespace
}  // namespace holdfast::kubernetes::testing
