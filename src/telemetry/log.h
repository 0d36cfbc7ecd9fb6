// log: the program's own lines (not the access lines), by area, with levels that change at run time.
//
// enabled() is one relaxed load and may be called anywhere, also on the data path before an access line. write()
// renders through spdlog into the writer's shared channel under a mutex: for events, never for something that happens
// per request.
#pragma once

#include <array>
#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>

#include "telemetry/level.h"

namespace holdfast::telemetry {

class LogWriter;

struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::uint64_t, bool> value;

  LogField(std::string_view n, std::string_view text) : name(n), value(text) {}
  LogField(std::string_view n, const char* text) : name(n), value(std::string_view(text)) {}
  LogField(std::string_view n, const std::string& text) : name(n), value(std::string_view(text)) {}
  LogField(std::string_view n, std::same_as<bool> auto flag) : name(n), value(flag) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  LogField(std::string_view n, T number) : name(n), value(std::uint64_t{number}) {}
};

// Who set a level; a later one beats an earlier one, per area.
enum class LevelSource : std::uint8_t { file, variable, request };

class Loggers {
 public:
  // `writer` must outlive the loggers. Everything is at info until set_levels().
  explicit Loggers(LogWriter& writer);
  ~Loggers();
  Loggers(const Loggers&) = delete;
  Loggers& operator=(const Loggers&) = delete;

  bool enabled(Area area, Level level) const noexcept {
    return level >= levels_[static_cast<std::size_t>(area)].load(std::memory_order_relaxed);
  }

  // One line {"ts","level","area","msg",fields…} when the level is enabled. Any thread. Never throws, never waits for
  // the reader of the log.
  void write(Area area, Level level, std::string_view msg, std::initializer_list<LogField> fields = {}) noexcept;

  // Replaces what `source` said before; an empty spec takes it back. A reload sets only `file`, so the others survive
  // it. Any thread.
  void set_levels(LevelSource source, const LevelSpec& spec);
  // What is in force, as a complete spec: `info,policy=debug`.
  std::string levels() const;

 private:
  struct Areas;  // the spdlog loggers and their sink

  mutable std::mutex mutex_;
  std::array<LevelSpec, 3> specs_;  // by LevelSource; under mutex_
  std::array<std::atomic<Level>, area_count> levels_;
  std::unique_ptr<Areas> areas_;
};

}  // namespace holdfast::telemetry
