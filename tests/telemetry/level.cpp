// The text form of levels is strict, and says what is wrong.
#include "telemetry/level.h"

#include <doctest/doctest.h>

#include <array>

using namespace holdfast::telemetry;

TEST_CASE("log levels: a spec is read and shown again in one form") {
  struct Row {
    std::string_view text, shown;
  };
  const std::array table{Row{"info", "info"},
                         Row{" warn , policy = debug ", "warn,policy=debug"},
                         Row{"http=off", "http=off"},
                         Row{"policy=debug,error,access=off\n", "error,access=off,policy=debug"},
                         Row{"", ""},
                         Row{"  ", ""}};
  for (const Row& row : table) {
    CAPTURE(row.text);
    const auto spec = parse_level_spec(row.text);
    REQUIRE(spec.has_value());
    CHECK(to_text(spec.value()) == row.shown);
    CHECK(spec.value().empty() == row.shown.empty());
  }
}

TEST_CASE("log levels: a spec that is not understood is refused with a sentence") {
  struct Row {
    std::string_view text, fault;
  };
  const std::array table{
      Row{"verbose", "unknown level \"verbose\"; levels are trace, debug, info, warn, error, off"},
      Row{"INFO", "unknown level \"INFO\"; levels are trace, debug, info, warn, error, off"},
      Row{"info,polcy=debug",
          "unknown area \"polcy\"; areas are access, core, config, http, upstream, policy, lifecycle, telemetry, "
          "admin"},
      Row{"info,warn", "two levels for everything; write one, and area=level for the rest"},
      Row{"http=info,http=warn", "two levels for the area http"},
      Row{"info,", "an empty part; write for example info,policy=debug"},
      Row{",info", "an empty part; write for example info,policy=debug"},
      Row{"http=", "unknown level \"\"; levels are trace, debug, info, warn, error, off"},
      Row{"in\x1b\"fo", "unknown level \"in??fo\"; levels are trace, debug, info, warn, error, off"},
  };
  for (const Row& row : table) {
    CAPTURE(row.text);
    const auto spec = parse_level_spec(row.text);
    REQUIRE_FALSE(spec.has_value());
    CHECK(spec.error() == row.fault);
  }
}
