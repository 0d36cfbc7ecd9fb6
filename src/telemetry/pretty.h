// pretty: JSON log lines as text for a person at a terminal; used by the writer thread only.
//
// Reads only what JsonLine writes. Texts keep their JSON escapes, so nothing in them reaches the terminal as a control.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::telemetry {

class PrettyLines {
 public:
  explicit PrettyLines(bool color);

  // `05:56:03.123 INFO  GET /users 200 ok route=users ms.total=1.204 …` per line. Valid until the next call.
  std::string_view render(std::string_view json_lines);

 private:
  void render_line(std::string_view line);

  bool color_;
  std::string out_;
  std::string fields_;  // of the line being written, which stand behind its front
};

}  // namespace holdfast::telemetry
