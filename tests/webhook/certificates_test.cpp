// The certificate in use: files that change at any moment are seen, and trouble is told each time it comes.
#include "webhook/certificates.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "../telemetry/sinks.h"
#include "telemetry/log_writer.h"
#include "webhook/secrets.h"

namespace holdfast::webhook {
namespace {

using namespace std::chrono_literals;

constexpr WallTime today{std::chrono::seconds(1'800'000'000)};

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "certificates-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { std::filesystem::remove_all(path_); }

  void put(const tls::Issued& issued) const {
    std::ofstream(path_ + "/tls.crt") << issued.certificate;
    std::ofstream(path_ + "/tls.key") << issued.key;
  }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

// A certificate for `name`.
tls::Issued issued(const char* name, const tls::Validity& validity) {
  const auto authority = tls::issue_authority("test", {today - 1000h, today + 10'000h});
  REQUIRE(authority.has_value());
  const auto made = tls::issue_server(authority.value(), {name}, validity);
  REQUIRE(made.has_value());
  return made.value();
}

telemetry::LogOptions log_options(const telemetry::MemoryFile& sink) {
  telemetry::LogOptions options;
  options.sink = sink.fd();
  return options;
}

// The webhook's thread without its loop.
struct Control {
  explicit Control(const Directory& directory) : certificates(context, directory.path(), loggers, registry) {
    context.begin_turn(now, wall);
  }
  void pass(Duration time) {
    for (const TimePoint end = now + time; now < end;) {
      now += 500ms;
      wall += 500ms;
      context.begin_turn(now, wall);
      context.end_turn();
    }
  }
  // All of it; nothing is told any more afterwards.
  std::string log() {
    writer.stop();
    return sink.content();
  }

  TimePoint now{1000h};
  WallTime wall = today;
  telemetry::MemoryFile sink;
  telemetry::LogWriter writer{log_options(sink)};
  telemetry::Loggers loggers{writer};
  telemetry::Registry registry{1, 100};
  proxy::Shared shared{1};
  proxy::WorkerContext context{shared, policies::RequestIdSource(1, 1)};
  Certificates certificates;
};

}  // namespace

TEST_CASE("certificates: files that change between being read and the first look are loaded") {
  const Directory directory;
  directory.put(issued("one.svc", {today - 1h, today + 1h}));
  Control control(directory);
  REQUIRE(!control.certificates.load());
  directory.put(issued("another.svc", {today - 1h, today + 1h}));
  control.certificates.start();
  control.pass(5s);
  CHECK(control.certificates.current().facts().names.front() == "another.svc");
}

TEST_CASE("certificates: one that is not valid yet, then valid, then expired is told of twice, once each") {
  const Directory directory;
  directory.put(issued("one.svc", {today + 20s, today + 60s}));
  Control control(directory);
  REQUIRE(!control.certificates.load());
  control.certificates.start();
  control.pass(15s);
  CHECK(control.certificates.trouble().value_or("").starts_with("the certificate is not valid before"));
  control.pass(20s);
  CHECK(!control.certificates.trouble());
  control.pass(60s);
  CHECK(control.certificates.trouble().value_or("").starts_with("the certificate expired at"));
  const std::string log = control.log();
  const std::string line = R"("msg":"not ready: no client accepts this certificate","cause":"the certificate )";
  const std::size_t early = log.find(line + "is not valid before");
  const std::size_t late = log.find(line + "expired at");
  CHECK(early != std::string::npos);
  CHECK(late != std::string::npos);
  CHECK(log.find(line) == early);
  CHECK(log.find(line, early + 1) == late);
  CHECK(log.find(line, late + 1) == std::string::npos);
}

}  // namespace holdfast::webhook
