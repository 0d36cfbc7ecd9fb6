// The platform file, its flags, and the way from one file to the other.
#include <doctest/doctest.h>

#include "config/sample.h"

namespace {

using namespace holdfast;
using namespace holdfast::config;
using namespace std::chrono_literals;
using sample::load_from;
using sample::load_platform;
using sample::places;

const std::string three_lines = "version: 1\nlisten: 0.0.0.0:8080\nupstream: {address: 127.0.0.1:3000}\n";

TEST_CASE("platform file: three lines are a valid, safe configuration") {
  const auto loaded = load_platform(three_lines);
  REQUIRE_MESSAGE(loaded, sample::printed(loaded));
  const Platform& platform = loaded.value().platform;
  CHECK(to_text(platform.listen) == "0.0.0.0:8080");
  CHECK(to_text(platform.upstream) == "127.0.0.1:3000");
  CHECK(to_text(platform.telemetry) == "0.0.0.0:9902");
  CHECK(to_text(platform.admin) == "127.0.0.1:9901");
  CHECK(!platform.workers);
  CHECK(!platform.memory);
  CHECK(platform.termination_grace == 30s);
  CHECK(loaded.value().profile == "standard@1");
  CHECK(loaded.value().policies.size() == 4);
  CHECK(loaded.value().origins.text("listen") == "p:2");
  CHECK(loaded.value().origins.text("workers") == "built in");
  CHECK(loaded.value().origins.text("timeouts.firstByte") == "profile standard@1");
}

TEST_CASE("platform file: every key is read") {
  const auto loaded = load_platform(
      "version: 1\nservice: users\nlisten: \"[::]:8080\"\nupstream:\n  address: unix:/run/app.sock\n  health: GET "
      "/healthz\n"
      "telemetry: :9102\nadmin: 10.0.0.1:9901\nadminExposed: {because: a private network}\nworkers: 3\nmemory: 96MiB\n"
      "forwarded: {trustedHops: 2}\nterminationGrace: 1m\nlog: {level: debug, format: json}\n");
  REQUIRE_MESSAGE(loaded, sample::printed(loaded));
  const Platform& platform = loaded.value().platform;
  CHECK(platform.service == "users");
  CHECK(platform.listen == Address{Address::Form::ipv6, "::", 8080, {}});
  CHECK(platform.upstream == Address{Address::Form::unix_path, {}, 0, "/run/app.sock"});
  CHECK(platform.health == "GET /healthz");
  CHECK(platform.telemetry == Address{Address::Form::dual_stack, {}, 9102, {}});
  CHECK(platform.admin_exposed_because == "a private network");
  CHECK(platform.workers == 3U);
  CHECK(platform.memory == ByteCount{96U << 20U});
  CHECK(platform.trusted_hops == 2);
  CHECK(platform.termination_grace == 1min);
  CHECK(platform.log_level == LogLevel::debug);
  CHECK(platform.log_format == LogFormat::json);
}

TEST_CASE("platform file: what is wrong is reported where it stands") {
  struct Case {
    std::string_view what;
    std::string yaml;
    std::vector<std::string> expected;
  };
  const std::string head = three_lines;
  const std::vector<Case> cases{
      {"empty", "", {"1:1 missing-key", "1:1 missing-key", "1:1 missing-key"}},
      {"misspelt required key", "version: 1\nlisten: :80\nupstreem: {address: 127.0.0.1:1}\n", {"3:1 unknown-key"}},
      {"upstream without its address", "version: 1\nlisten: :80\nupstream: {health: GET /}\n", {"3:20 missing-key"}},
      {"upstream as one value", "version: 1\nlisten: :80\nupstream: 127.0.0.1:3000\n", {}},
      {"nested key", head + "log: {levle: info}\n", {"4:7 unknown-key"}},
      {"dotted key", head + "log.level: info\n", {"4:1 unknown-key"}},
      {"group without value", head + "log:\n", {"4:1 no-value"}},
      {"group as a word", head + "log: info\n", {"4:6 wrong-shape"}},
      {"bad level", head + "log: {level: verbose}\n", {"4:14 bad-word"}},
      {"workers", head + "workers: many\n", {"4:10 bad-number"}},
      {"memory", head + "memory: 64MB\n", {"4:9 bad-unit"}},
      {"too little memory", head + "memory: 1MiB\n", {"4:9 out-of-range"}},
      {"no workers", head + "workers: 0\n", {"4:10 out-of-range"}},
      {"health", head + "upstream: {health: POST /x}\n", {"4:1 duplicate-key", "4:20 bad-text"}},
      {"substituted",
       "version: 1\nlisten: \"${HOST}:80\"\nupstream: {address: 127.0.0.1:$(PORT)}\n",
       {"2:9 substitution", "3:31 substitution"}},
      {"admin for all", head + "admin: 0.0.0.0:9901\n", {"4:8 admin-exposed"}},
      {"same port twice", head + "telemetry: 127.0.0.1:8080\n", {"4:12 rule"}},
      {"proxy to itself", "version: 1\nlisten: :3000\nupstream: {address: 127.0.0.1:3000}\n", {"3:21 rule"}},
      {"kernel's choice twice",
       "version: 1\nlisten: :0\ntelemetry: :0\nadmin: 127.0.0.1:0\nupstream: {address: 127.0.0.1:3000}\n",
       {}},
      {"policies in the wrong file", head + "policies: {}\n", {"4:1 unknown-key"}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.what);
    CHECK(sample::listed(places(load_platform(one.yaml))) == sample::listed(one.expected));
  }
  const auto substituted = load_platform("version: 1\nlisten: ${L}\nupstream: {address: 127.0.0.1:1}\n");
  REQUIRE(!substituted);
  CHECK(substituted.error().at(0).fix == "write the value itself, or pass it with the flag --listen");
}

TEST_CASE("addresses: each form is parsed, and each mistake explained") {
  Address out;
  for (const std::string_view text :
       {"0.0.0.0:8080", "127.0.0.1:0", ":8080", "[::]:8080", "[fe80::1]:1", "[::ffff:1.2.3.4]:65535"}) {
    CAPTURE(text);
    CHECK(parse_address(text, AddressUse::listener, out) == "");
    CHECK(to_text(out) == text);
  }
  CHECK(parse_address("[1.2.3.4]:1", AddressUse::listener, out) == "");  // written before the family is known
  CHECK(to_text(out) == "1.2.3.4:1");
  for (const std::string_view text : {"127.0.0.1:3000", "localhost:3000", "unix:/run/app.sock", "[::1]:3000"}) {
    CAPTURE(text);
    CHECK(parse_address(text, AddressUse::app, out) == "");
    CHECK(to_text(out) == text);
    CHECK(is_loopback(out));
  }
  for (const std::string_view text : {"",
                                      "8080",
                                      "0.0.0.0",
                                      "0.0.0.0:",
                                      "0.0.0.0:65536",
                                      "0.0.0.0:+1",
                                      "0.0.0.0:080",
                                      "010.0.0.1:1",
                                      "1.2.3:4",
                                      "::1:8080",
                                      "[::1]",
                                      "[::1]8080",
                                      "[::1:8080",
                                      "[1.2.3]:1",
                                      "[]:1",
                                      "localhost:80",
                                      "example.com:80",
                                      "http://0.0.0.0:80",
                                      "unix:/x",
                                      "0.0.0.0 :80"}) {
    CAPTURE(text);
    CHECK(parse_address(text, AddressUse::listener, out) != "");
  }
  for (const std::string_view text : {":3000", "127.0.0.1:0", "unix:run/app.sock", "unix:", "app:3000"}) {
    CAPTURE(text);
    CHECK(parse_address(text, AddressUse::app, out) != "");
  }
}

TEST_CASE("flags: they beat the file, need no file, and show as origin") {
  const auto over =
      load_platform(three_lines, {{"--listen", "127.0.0.1:1"}, {"--workers", "4"}, {"--log-level", "warn"}});
  REQUIRE(over);
  CHECK(to_text(over.value().platform.listen) == "127.0.0.1:1");
  CHECK(over.value().platform.workers == 4U);
  CHECK(over.value().platform.log_level == LogLevel::warn);
  CHECK(over.value().origins.text("listen") == "--listen");
  CHECK(over.value().origins.text("upstream.address") == "p:3");

  const auto alone = load_from({}, "", {{"--listen", ":80"}, {"--upstream", "127.0.0.1:3000"}, {"--service", "no"}});
  REQUIRE_MESSAGE(alone, sample::printed(alone));
  CHECK(alone.value().platform.service == "no");

  const auto half = load_from({}, "", {{"--listen", "0.0.0.0"}});
  REQUIRE(!half);
  CHECK(sample::printed(half) ==
        "--listen: error[bad-address]: '0.0.0.0' is not an address: the port is missing; fix: write 0.0.0.0:8080, "
        ":8080 or \"[::]:8080\"\n"
        "holdfast: error[missing-key]: 'upstream' is missing; fix: add upstream: {address: 127.0.0.1:3000}, or pass "
        "--upstream\n");
}

TEST_CASE("policy: is relative to the platform file, --policy to the working directory") {
  const sample::Files files{{"config/h.yaml", three_lines + "policy: ../policies/u.yaml\n"},
                            {"policies/u.yaml", "version: 1\npolicies: {timeouts: {firstByte: 2s}}\n"},
                            {"other.yaml", "version: 1\npolicies: {timeouts: {firstByte: 3s}}\n"}};
  const auto loaded = load_from(files, "config/h.yaml");
  REQUIRE_MESSAGE(loaded, sample::printed(loaded));
  CHECK(loaded.value().platform.policy == "policies/u.yaml");
  CHECK(loaded.value().origins.text("timeouts.firstByte") == "policies/u.yaml:2");
  CHECK(loaded.value().files == std::vector<std::string>{"config/h.yaml", "policies/u.yaml"});

  const auto other = load_from(files, "config/h.yaml", {{"--policy", "other.yaml"}});
  REQUIRE(other);
  CHECK(other.value().origins.text("timeouts.firstByte") == "other.yaml:2");
}

TEST_CASE("load: faults of both files come in the order of files and lines, and a file that cannot be read is named") {
  const sample::Files files{{"h", three_lines + "workers: x\npolicy: u\n"},
                            {"u", "version: 1\npolicies: {timeouts: {firstByte: 2}, x: {}}\n"},
                            {"g", three_lines + "policy: nowhere\n"},
                            {"k", three_lines + "terminationGrace: 5s\n"}};
  const auto both = load_from(files, "h");
  REQUIRE(!both);
  REQUIRE(both.error().size() == 3);
  CHECK(to_text(both.error()[0].place) == "h:4:10");
  CHECK(to_text(both.error()[1].place) == "u:2:34");
  CHECK(to_text(both.error()[2].place) == "u:2:38");

  const auto missing = load_from(files, "g");
  REQUIRE(!missing);
  CHECK(sample::listed(places(missing)) == "4:9 unreadable-file");
  CHECK(missing.error()[0].sentence.find("nowhere") != std::string::npos);

  CHECK(sample::printed(load_from(files, "k")) ==
        "k:4:19: error[rule]: terminationGrace is shorter than request; fix: raise it\n");
  CHECK(sample::listed(places(load_from(files, "none"))) == "0:0 unreadable-file");
}

TEST_CASE("files: what is no readable file of at most 1 MiB is refused by name") {
  CHECK(read_file("/dev/null/x").error().code == "unreadable-file");
  CHECK(read_file("/tmp").error().sentence == "cannot read /tmp: it is no regular file");
  CHECK(read_file("").error().code == "unreadable-file");
}

TEST_CASE("check: the two kinds of file are told apart by their keys") {
  CHECK(file_kind("f", three_lines) == FileKind::platform);
  CHECK(file_kind("f", "version: 1\nprofile: standard@1\n") == FileKind::policy);
  CHECK(file_kind("f", "version: 1\nroutes: []\n") == FileKind::policy);
  CHECK(file_kind("f", "") == FileKind::platform);
}

}  // namespace
