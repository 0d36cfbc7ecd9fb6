// Loggers: levels by area and source, and lines that stay whole whatever is logged.
#include "telemetry/log.h"

#include <doctest/doctest.h>

#include <string>

#include "json_reader.h"
#include "sinks.h"
#include "telemetry/log_writer.h"

using namespace holdfast;
using namespace holdfast::telemetry;

namespace {

LevelSpec spec(std::string_view text) {
  auto parsed = parse_level_spec(text);
  REQUIRE(parsed.has_value());
  return parsed.value();
}

LogOptions to(const MemoryFile& file) {
  LogOptions options;
  options.sink = file.fd();
  options.service = "users";
  return options;
}

}  // namespace

TEST_CASE("log levels: a request beats the variable beats the file, area by area") {
  const MemoryFile file;
  LogWriter writer(to(file));
  Loggers log(writer);
  CHECK(log.levels() == "info");
  CHECK(log.enabled(Area::access, Level::info));
  CHECK_FALSE(log.enabled(Area::access, Level::debug));

  log.set_levels(LevelSource::variable, spec("policy=debug"));
  CHECK(log.levels() == "info,policy=debug");
  log.set_levels(LevelSource::file, spec("warn"));  // a reload
  CHECK(log.levels() == "warn,policy=debug");
  log.set_levels(LevelSource::request, spec("error,http=trace"));
  CHECK(log.levels() == "error,http=trace");
  CHECK_FALSE(log.enabled(Area::policy, Level::debug));
  log.set_levels(LevelSource::file, spec("debug"));  // another reload
  CHECK(log.levels() == "error,http=trace");
  log.set_levels(LevelSource::request, {});
  CHECK(log.levels() == "debug");
  log.set_levels(LevelSource::file, spec("off"));
  CHECK_FALSE(log.enabled(Area::core, Level::error));
}

TEST_CASE("log: a line has time, level, area, message, service and its fields") {
  const MemoryFile file;
  LogWriter writer(to(file));
  Loggers log(writer);
  log.write(Area::config, Level::warn, "waiver {expired}",
            {{"check", "rateLimit.enforced"}, {"days", 3U}, {"counts", true}});
  log.write(Area::config, Level::debug, "not enabled");
  log.write(Area::config, Level::off, "no level for a line");
  writer.stop();
  const std::string text = file.content();
  CHECK(lines_in(text) == 1);
  CHECK(text.substr(text.find(",\"level\"")) ==
        ",\"level\":\"warn\",\"area\":\"config\",\"msg\":\"waiver "
        "{expired}\",\"service\":\"users\",\"check\":\"rateLimit.enforced\",\"days\":3,"
        "\"counts\":true}\n");
}

TEST_CASE("log: nothing in a message, a field name or a value can break a line or forge another") {
  const MemoryFile file;
  LogWriter writer(to(file));
  Loggers log(writer);
  const std::string attack = "a\"}\n{\"level\":\"error\"\xFF\xE2\x80\xA8%s{}";
  log.write(Area::http, Level::error, attack, {{attack, attack}});
  log.write(Area::http, Level::error, std::string(40'000, '\n'), {{"tail", "lost"}});
  writer.stop();
  const std::string text = file.content();
  REQUIRE(lines_in(text) == 2);
  const std::size_t second = text.find('\n') + 1;
  CHECK(JsonReader::is_line(text.substr(0, second)));
  CHECK(JsonReader::is_line(text.substr(second)));
}
