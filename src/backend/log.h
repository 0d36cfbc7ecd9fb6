// Log: one JSON object per line on stdout, through spdlog.
//
// Lines are written by a thread of their own; when a reader of stdout stands still, the oldest waiting lines are
// dropped, so that logging never blocks a request. Values are escaped: no client can forge a line.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <variant>

namespace users {

enum class Level : std::uint8_t { info, warn, error };

// A field with an empty text is left out of the line.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double> value;
};

class Log {
 public:
  Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log();  // writes out what waits

  // Any thread.
  void write(Level level, std::string_view message, std::initializer_list<LogField> fields = {});

 private:
  struct Sink;
  std::unique_ptr<Sink> sink_;
};

}  // namespace users
