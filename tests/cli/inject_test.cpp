// `holdfast inject` and `holdfast uninject` as a person meets them.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "cli/run_command.h"
#include "config/loader.h"
#include "kubernetes/settings.h"

namespace {

using namespace holdfast::cli::testing;

constexpr std::string_view minimal = "tests/kubernetes/golden/deployment_minimal.in.yaml";

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string text_of(std::string_view path) {
  const auto text = holdfast::config::read_file(std::string(path));
  return text ? text.value() : std::string();
}

TEST_CASE("inject: the manifest comes out with the sidecar, and uninject gives it back") {
  const auto injected = run({"inject", minimal, "--image", "registry.example/holdfast:2"});
  CHECK(injected.exit_code == 0);
  CHECK(contains(injected.out, "image: registry.example/holdfast:2"));
  CHECK(contains(injected.error, std::string(minimal) + ":1:1: warning[service]: "));
  const ScratchDirectory scratch;
  const auto back = run({"uninject", "-f", scratch.file("injected.yaml", injected.out)});
  CHECK(back.exit_code == 0);
  CHECK(back.out == text_of(minimal));
  CHECK(back.error.empty());
}

// The arguments of the sidecar in a manifest that was injected, but for the probes.
std::vector<std::string> arguments_in(const std::string& manifest) {
  std::vector<std::string> found;
  std::istringstream lines(manifest);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t dash = std::min(line.find("- --"), line.find("- '--"));
    if (dash == std::string::npos || line.find("--app-probes=") != std::string::npos) continue;
    std::string one = line.substr(dash + 2);
    if (one.front() == '\'') one = one.substr(1, one.size() - 2);
    if (const std::size_t at = one.find("$(POD_IP)"); at != std::string::npos) one.replace(at, 9, "192.0.2.1");
    found.push_back(one);
  }
  return found;
}

TEST_CASE("inject: holdfast accepts the flags that the sidecar is given") {
  for (const char* name : {"deployment_minimal", "same_port", "job_native", "short_grace"}) {
    CAPTURE(name);
    const std::string path = "tests/kubernetes/golden/" + std::string(name) + ".in.yaml";
    const auto injected = run({"inject", path});
    const std::vector<std::string> arguments = arguments_in(injected.out);
    CHECK(arguments.size() >= 8);
    std::vector<std::string_view> command{"effective"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const auto effective = run(command);
    CHECK(effective.exit_code == 0);
    CHECK(effective.error.empty());
  }
}

// A pod and the ConfigMap that it names.
std::string with_policy(const std::string& policy, const std::string& memory_limit) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: rules}\ndata:\n  policy.yaml: |\n    version: 1\n"
         "    profile: standard@1\n    policies:\n      " +
         policy +
         "\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: users\n  annotations: {holdfast.dev/policy: rules, "
         "holdfast.dev/memory-limit: " +
         memory_limit +
         "}\nspec:\n  containers:\n    - name: app\n      ports:\n        - {name: http, containerPort: 8080}\n";
}

TEST_CASE("inject: a policy in the stream that the sidecar would not start with is told, and nothing is written") {
  const ScratchDirectory scratch;
  const auto good = run({"inject", scratch.file("good.yaml", with_policy("timeouts: {firstByte: 2s}", "128Mi"))});
  CHECK(good.exit_code == 0);
  CHECK(good.error.empty());
  const auto bad = run({"inject", scratch.file("bad.yaml", with_policy("timeouts: {firstBite: 2s}", "128Mi"))});
  CHECK(bad.exit_code == 78);
  CHECK(bad.out.empty());
  CHECK(contains(bad.error, "bad.yaml:5:"));
  CHECK(contains(bad.error, "ConfigMap rules: policy.yaml:4:14: "));
  CHECK(contains(bad.error, "firstByte"));
  const std::string many = with_policy("limits: {connections: 4000}", "128Mi");
  CHECK(run({"inject", scratch.file("many.yaml", many)}).exit_code == 78);
  const std::string roomy = with_policy("limits: {connections: 4000}", "256Mi");
  CHECK(run({"inject", scratch.file("roomy.yaml", roomy)}).exit_code == 0);
}

TEST_CASE("inject: the least memory is what profile standard@1 needs") {
  constexpr std::uint64_t mib = std::uint64_t{1} << 20U;
  const ScratchDirectory scratch;
  const auto exit_code = [&scratch](std::uint64_t bytes) {
    const std::string text = with_policy("timeouts: {firstByte: 2s}", std::to_string(bytes / mib) + "Mi");
    return run({"inject", scratch.file("least.yaml", text)}).exit_code;
  };
  CHECK(exit_code(holdfast::kubernetes::least_memory_of_default) == 0);
  CHECK(exit_code(holdfast::kubernetes::least_memory_of_default - mib) == 78);
}

TEST_CASE("inject: -o diff shows what would change") {
  const auto outcome = run({"inject", "-o", "diff", "-f", minimal});
  CHECK(outcome.exit_code == 0);
  CHECK(contains(outcome.out, "--- a/" + std::string(minimal) + "\n+++ b/"));
  CHECK(contains(outcome.out, "\n+              containerPort: 8081\n"));
}

TEST_CASE("inject: one pod that is denied, and nothing is written") {
  const auto outcome = run({"inject", minimal, "tests/kubernetes/golden/no_ports.in.yaml"});
  CHECK(outcome.exit_code == 78);
  CHECK(outcome.out.empty());
  CHECK(contains(outcome.error, "tests/kubernetes/golden/no_ports.in.yaml:15:11: error[no-port]: Deployment users: "));
}

TEST_CASE("inject: several files come out as one stream") {
  const auto outcome = run({"inject", minimal, "tests/kubernetes/golden/opted_out.in.yaml"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out.ends_with("---\n" + text_of("tests/kubernetes/golden/opted_out.in.yaml")));
}

TEST_CASE("inject: mistakes on the command line are usage errors") {
  for (const auto& args : std::vector<std::vector<std::string_view>>{{"inject", "-o", "json", minimal},
                                                                     {"inject", "--native", "maybe", minimal},
                                                                     {"inject", "--kube-version", "2.0", minimal},
                                                                     {"inject", "--drain-token", "short", minimal},
                                                                     {"inject", "--policy", "No Name", minimal},
                                                                     {"uninject", "--image", "x"}}) {
    CAPTURE(args[1]);
    const auto outcome = run(args);
    CHECK(outcome.exit_code == 64);
    CHECK(outcome.out.empty());
  }
  CHECK(run({"inject", "no/such/file"}).exit_code == 78);
}

}  // namespace
