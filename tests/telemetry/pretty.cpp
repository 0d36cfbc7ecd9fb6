// Text for a terminal from the lines we write, and unharmed text from anything else.
#include "telemetry/pretty.h"

#include <doctest/doctest.h>

#include <string>

using namespace holdfast::telemetry;

TEST_CASE("pretty: an exchange is one line that begins with what matters") {
  PrettyLines plain(false);
  const std::string_view line =
      "{\"ts\":\"2026-11-22T06:02:43.123456Z\",\"level\":\"error\",\"msg\":\"request\",\"service\":\"users\","
      "\"method\":\"GET\",\"path\":\"/a b\","
      "\"status\":504,\"reason\":\"app_first_byte_slow\",\"cause\":\"no "
      "\\\"answer\\\"\",\"ms\":{\"total\":2001.204,\"conn\":{\"id\":7}},\"truncated\":false}\n";
  CHECK(plain.render(line) ==
        "06:02:43.123 ERROR GET /a b 504 app_first_byte_slow service=users cause=\"no \\\"answer\\\"\" "
        "ms.total=2001.204 conn.id=7 truncated=false\n");
}

TEST_CASE("pretty: colours mark the level and nothing else") {
  PrettyLines color(true);
  CHECK(color.render(
            "{\"ts\":\"2026-11-22T06:02:43.123456Z\",\"level\":\"warn\",\"area\":\"config\",\"msg\":\"odd\"}\n") ==
        "06:02:43.123 \033[33mWARN \033[0m odd [config]\n");
}

TEST_CASE("pretty: escapes stay escapes, so a client cannot steer the terminal") {
  PrettyLines plain(false);
  const std::string out(
      plain.render("{\"ts\":\"2026-11-22T06:02:43.123456Z\",\"level\":\"info\",\"msg\":\"request\",\"path\":\"/"
                   "\\u001b[2J\\n\",\"x\":\"\\u009b1m\"}\n"));
  CHECK(out == "06:02:43.123 INFO  /\\u001b[2J\\n x=\\u009b1m\n");
}

TEST_CASE("pretty: what is no line of ours is shown as it is") {
  PrettyLines plain(false);
  for (const std::string_view line : {"", "no json", "{", "{}", "{\"ts\":\"short\"}", "{\"a\":\"never closed}",
                                      "{\"a\":{\"b\":1}", "{\"a\"}", "{\"a\":}"}) {
    CHECK(plain.render(std::string(line) + "\n") == std::string(line) + "\n");
  }
  CHECK(plain.render("one\ntwo") == "one\ntwo\n");
}
