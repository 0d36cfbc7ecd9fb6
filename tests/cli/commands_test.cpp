// The commands as a person meets them: output, exit codes, mistakes. Runs in the project's root, where the shipped
// files are.
#include <doctest/doctest.h>

#include <array>

#include "cli/command.h"
#include "cli/flags.h"
#include "cli/run_command.h"
#include "config/describe.h"
#include "policies/catalog.h"

namespace {

using namespace holdfast;
using namespace holdfast::cli;
using cli::testing::run;
using cli::testing::ScratchDirectory;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

TEST_CASE("check: the shipped files are without fault") {
  const auto outcome = run({"check", "config/holdfast.yaml", "policies/standard.yaml", "policies/users.yaml",
                            "policies/observe.yaml", "--memory", "256MiB"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out ==
        "config/holdfast.yaml: ok\npolicies/standard.yaml: ok\npolicies/users.yaml: ok\npolicies/observe.yaml: ok\n");
  CHECK(outcome.error.empty());
}

TEST_CASE("standard.yaml: it spells out exactly profile standard@1, every setting of it") {
  const config::Catalog catalog{policies::sections(), {}};
  const auto values = [&catalog](const std::string& file) {
    config::Sources sources;
    sources.policy_alone = file;
    const auto loaded = config::load(sources, catalog, {});
    REQUIRE(loaded);
    return config::settings_of(loaded.value());
  };
  const ScratchDirectory scratch;
  const auto written = values("policies/standard.yaml");
  const auto profile = values(scratch.file("p.yaml", "version: 1\nprofile: standard@1\n"));
  std::size_t compared = 0;
  for (const config::SettingLine& line : profile) {
    for (const config::SettingLine& other : written) {
      if (other.key != line.key) continue;
      CAPTURE(line.key);
      CHECK(other.value == line.value);
      CHECK(contains(other.origin, "policies/standard.yaml:"));
      ++compared;
    }
  }
  CHECK(compared == profile.size());
}

TEST_CASE("check: faults are printed with file, line and column, and the exit code is 78") {
  const ScratchDirectory scratch;
  const std::string policy = scratch.file("policy.yaml", "version: 1\npolicies: {timeouts: {firstbyte: 2s}}\n");
  const std::string platform =
      scratch.file("h.yaml", "version: 1\nlisten: 8080\nupstream: {address: 127.0.0.1:3000}\npolicy: policy.yaml\n");
  const auto outcome = run({"check", platform, policy});
  CHECK(outcome.exit_code == 78);
  CHECK(contains(outcome.out, platform + ":2:9: error[bad-address]: "));
  CHECK(contains(
      outcome.out,
      policy +
          ":2:23: error[unknown-key]: 'firstbyte' means nothing here; did you mean firstByte; fix: write firstByte\n"));
  CHECK(outcome.out.find("firstbyte") == outcome.out.rfind("firstbyte"));  // found twice, printed once
  CHECK(!contains(outcome.out, "\x1b["));
  CHECK(run({"check", "no/such/file.yaml"}).exit_code == 78);
  CHECK(contains(run({"check", "no/such/file.yaml"}).out, "no/such/file.yaml: error[unreadable-file]"));
}

TEST_CASE("check: --memory checks the worst case against a limit") {
  const auto outcome = run({"check", "policies/standard.yaml", "--memory", "16MiB"});
  CHECK(outcome.exit_code == 78);
  CHECK(contains(outcome.out, "error["));
  CHECK(run({"check", "policies/standard.yaml", "--memory", "lots"}).exit_code == 64);
}

TEST_CASE("effective: shows each setting with its origin, and flags beat files") {
  const auto outcome =
      run({"effective", "--config", "config/holdfast.yaml", "--policy=policies/users.yaml", "--workers", "1"});
  REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.error);
  CHECK(contains(outcome.out, "  --workers\n"));
  CHECK(contains(outcome.out, "policies/users.yaml:5\n"));
  CHECK(contains(outcome.out, "config/holdfast.yaml:5\n"));
  CHECK(contains(outcome.out, "profile standard@1\n"));
  CHECK(contains(outcome.out, "routes.create-user.limits.body"));
  CHECK(run({"effective", "--listen", ":0", "--upstream", "127.0.0.1:3000"}).exit_code == 0);
  const auto refused = run({"effective", "--listen", "x", "--upstream", "127.0.0.1:3000"});
  CHECK(refused.exit_code == 78);
  CHECK(contains(refused.error, "--listen: error[bad-address]"));
}

TEST_CASE("schema: prints a schema of each kind") {
  CHECK(contains(run({"schema"}).out, "\"$defs\""));
  CHECK(contains(run({"schema", "platform"}).out, "\"trustedHops\""));
  CHECK(contains(run({"schema", "policy"}).out, "\"clientBodyIdle\""));
  CHECK(contains(run({"schema", "reference"}).out, "### timeouts"));
  CHECK(run({"schema", "polcy"}).error ==
        "holdfast: there is no file kind 'polcy'; did you mean policy; see holdfast schema --help\n");
}

TEST_CASE("usage: mistakes exit with 64 and say what may have been meant") {
  const auto command = run({"chek"});
  CHECK(command.exit_code == 64);
  CHECK(command.error == "holdfast: there is no command 'chek'; did you mean check; see holdfast --help\n");
  const auto flag = run({"effective", "--lisen", ":80"});
  CHECK(flag.exit_code == 64);
  CHECK(contains(flag.error, "did you mean --listen"));
  CHECK(run({}).exit_code == 64);
  CHECK(run({"check"}).exit_code == 64);
  CHECK(run({"effective", "--config"}).exit_code == 64);
  CHECK(run({"effective", "--config", "a", "--config", "b"}).exit_code == 64);
  CHECK(run({"effective", "config/holdfast.yaml"}).exit_code == 64);
  CHECK(run({"version", "x"}).exit_code == 64);
}

TEST_CASE("help: every command has it, with an example") {
  const auto overview = run({"--help"});
  CHECK(overview.exit_code == 0);
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    CHECK(contains(overview.out, command.summary));
    const auto help = run({command.name, "--help"});
    CHECK(help.exit_code == 0);
    CHECK(contains(help.out, "Usage: holdfast " + std::string(command.name)));
    CHECK(contains(help.out, "Example:\n  holdfast " + std::string(command.name)));
  }
}

TEST_CASE("version: names version, commit, build and libraries") {
  const auto outcome = run({"version"});
  CHECK(outcome.exit_code == 0);
  for (const std::string_view part : {"holdfast ", "commit ", "build ", "libraries "})
    CHECK(contains(outcome.out, part));
  CHECK(run({"--version"}).out == outcome.out);
}

TEST_CASE("flags: both notations, in any order, until --") {
  constexpr std::array known{FlagSpec{"--a"}, FlagSpec{"-f"}, FlagSpec{"--on", false}};
  const std::vector<std::string_view> args{"x", "--a=1=2", "-f", "-", "--on", "--", "--a"};
  const auto parsed = parse_arguments(args, known);
  REQUIRE(parsed);
  CHECK(parsed.value().value("--a") == "1=2");
  CHECK(parsed.value().value("-f") == "-");
  CHECK(parsed.value().has("--on"));
  CHECK(parsed.value().rest == std::vector<std::string_view>{"x", "--a"});
  const std::vector<std::string_view> valued{"--on=1"};
  CHECK(!parse_arguments(valued, known));
}

}  // namespace
