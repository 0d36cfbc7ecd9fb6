// The parts below an injection: values, rendering, amounts, limits, the diff.
#include <doctest/doctest.h>

#include "golden.h"
#include "kubernetes/diff.h"
#include "kubernetes/edit.h"
#include "kubernetes/quantity.h"
#include "kubernetes/render.h"
#include "kubernetes/tree.h"

namespace holdfast::kubernetes::testing {
namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

Json value_of(const std::string& text) {
  const auto tree = read_tree(text);
  REQUIRE(tree);
  const auto value = to_json(tree.value());
  REQUIRE(value);
  return value.value();
}

std::string first_fault(const Outcome& outcome) {
  return outcome.faults.empty() ? "" : config::to_text(outcome.faults.front());
}

TEST_CASE("values: plain scalars are read as YAML 1.1 has them, as kubectl does") {
  CHECK(plain_value("yes") == true);
  CHECK(plain_value("Off") == false);
  CHECK(plain_value("t") == "t");
  CHECK(plain_value("~") == nullptr);
  CHECK(plain_value("0644") == 420);
  CHECK(plain_value("0x1F") == 31);
  CHECK(plain_value("-7") == -7);
  CHECK(plain_value("1.5") == 1.5);
  CHECK(plain_value("1.2.3") == "1.2.3");
  CHECK(plain_value("16Mi") == "16Mi");
  CHECK(plain_value("-") == "-");
  CHECK(plain_value("0x") == "0x");
}

TEST_CASE("values: merge keys and aliases are resolved, and a member of its own beats a merged one") {
  CHECK(value_of("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n")["b"] == Json::parse(R"({"y": 3, "x": 1})"));
  CHECK(value_of("a: &a [1]\nb: *a\n")["b"] == Json::array({1}));
}

TEST_CASE("values: aliases cannot grow without bound, nor refer to themselves") {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) text += below + (j < 9 ? ", " : "]\n");
  }
  const auto bomb = read_tree(text);
  REQUIRE(bomb);
  CHECK(!to_json(bomb.value()));
  const auto cycle = read_tree("a: &a [*a]\n");
  if (cycle) CHECK(!to_json(cycle.value()));
}

TEST_CASE("rendering: every text comes back as the same text") {
  for (const char* text : {"plain",
                           "true",
                           "yes",
                           "null",
                           "~",
                           "8080",
                           "1e3",
                           "0x10",
                           "12:30",
                           "2026-01-01",
                           "20m",
                           "16Mi",
                           "--listen=:8081",
                           "$(POD_IP):8080",
                           "a: b",
                           "a #b",
                           "it's",
                           "\"q\"",
                           "",
                           " x",
                           "x ",
                           "-",
                           "- a",
                           "a\nb",
                           "tab\t",
                           "/a/b",
                           "grüße",
                           "key:",
                           "@x",
                           "%x",
                           "&a",
                           "*a",
                           "!t",
                           "[",
                           "{"}) {
    CAPTURE(text);
    CHECK(value_of(block_member("k", text, 0, "\n"))["k"] == text);
    CHECK(value_of(block_member(text, 1, 0, "\n")).contains(text));
  }
}

TEST_CASE("amounts: those of Kubernetes are read, in thousandths") {
  CHECK(quantity_of("20m") == 20.0);
  CHECK(quantity_of("0.5") == 500.0);
  CHECK(quantity_of("1Ki") == 1024000.0);
  for (const char* wrong : {"", "m", "-1", "1 Mi", "1mi", "1Mib", "Mi", "1e99", "1..2"}) {
    CAPTURE(wrong);
    CHECK(!quantity_of(wrong));
  }
}

TEST_CASE("paths: what RFC 6901 escapes comes back") {
  CHECK(path_text({"a/b", "c~d", ""}) == "/a~1b/c~0d/");
  CHECK(parse_path("/a~1b/c~0d/") == Path{"a/b", "c~d", ""});
  CHECK(!parse_path("a"));
  CHECK(!parse_path("/a~2"));
}

TEST_CASE("limits: too large, too deep, too many documents, each is said") {
  const InjectFlags flags;
  CHECK(contains(first_fault(inject_text(std::string((16U << 20U) + 1, '#'), flags)), "more than 16 MiB"));
  CHECK(contains(first_fault(inject_text(std::string(300, '['), flags)), "error["));
  std::string many;
  for (int i = 0; i < 10'001; ++i) many += "---\n";
  CHECK(contains(first_fault(inject_text(many, flags)), "more than 10000 documents"));
  CHECK(contains(first_fault(inject_text("a: \x01\n", flags)), "manifest:1:4: error[bad-character]"));
  CHECK(contains(first_fault(inject_text("a: \xff\n", flags)), "manifest:1:4: error[bad-utf8]"));
}

TEST_CASE("streams: what holds no pod passes byte for byte") {
  for (const char* text : {"", "\n", "# a comment", "---\n---\n", "a: [1, 2", "- x\n", "kind: Deployment\n",
                           "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}"}) {
    CAPTURE(text);
    const Outcome outcome = inject_text(text, {});
    if (std::string_view(text) == "a: [1, 2") {
      CHECK(outcome.has_errors());
      continue;
    }
    CHECK(outcome.injected == 0);
    if (!outcome.has_errors()) CHECK(outcome.texts.front() == text);
  }
}

TEST_CASE("streams: a Service in one file follows a pod in another") {
  const std::string pod =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: a}}\nspec:\n  containers:\n    - name: a\n      "
      "ports:\n        - {name: http, containerPort: 8080}\n";
  const std::string service =
      "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  selector: {app: a}\n  ports:\n    - {port: 80, "
      "targetPort: 8080}\n";
  const Outcome outcome = inject({{"service", service}, {"pod", pod}}, {});
  REQUIRE(!outcome.has_errors());
  CHECK(contains(outcome.texts.front(), "{port: 80, targetPort: 8081}"));
  const Outcome back = uninject({{"service", outcome.texts.front()}, {"pod", outcome.texts.back()}});
  CHECK(back.texts == std::vector<std::string>{service, pod});
}

TEST_CASE("uninject: what others added beside ours stays") {
  const std::string pod =
      "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n    - name: a\n      ports:\n        - "
      "name: http\n          containerPort: 8080\n";
  InjectFlags flags;
  flags.policy = "p";
  const Outcome injected = inject_text(pod, flags);
  REQUIRE(!injected.has_errors());
  std::string text = injected.texts.front();
  const std::size_t volumes = text.find("  volumes:\n");
  REQUIRE(volumes != std::string::npos);
  text.insert(volumes + 11, "    - name: added-by-the-server\n      emptyDir: {}\n");
  const std::size_t annotations = text.find("  annotations:\n");
  REQUIRE(annotations != std::string::npos);
  text.insert(annotations + 15, "    example.com/note: kept\n");
  const Outcome back = uninject_text(text);
  REQUIRE(!back.has_errors());
  CHECK(contains(back.texts.front(), "  volumes:\n    - name: added-by-the-server\n      emptyDir: {}\n"));
  CHECK(contains(back.texts.front(), "  annotations:\n    example.com/note: kept\n"));
  CHECK(!contains(back.texts.front(), "holdfast"));
}

TEST_CASE("diff: it is what diff -u prints") {
  CHECK(unified_diff("f", "a\n", "a\n").empty());
  CHECK(unified_diff("f", "a\nb\nc\n", "a\nx\nc\n") == "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
  CHECK(unified_diff("f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\n8a\n9\n") ==
        "--- a/f\n+++ b/f\n@@ -6,4 +6,5 @@\n 6\n 7\n 8\n+8a\n 9\n");
  CHECK(unified_diff("f", "", "a\n") == "--- a/f\n+++ b/f\n@@ -0,0 +1 @@\n+a\n");
  CHECK(unified_diff("f", "a", "a\n") == "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
}

}  // namespace
}  // namespace holdfast::kubernetes::testing
