#include "backend/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "core/clock.h"

namespace users {
namespace {

constexpr std::size_t lines_that_may_wait = 8192;

// RFC 3339 in UTC with microseconds.
std::string timestamp() {
  const auto since_epoch = holdfast::wall_now().time_since_epoch();
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(since_epoch);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(since_epoch - whole);
  const std::time_t seconds = whole.count();
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  const int rest = std::snprintf(text.data() + size, text.size() - size, ".%06dZ", static_cast<int>(micros.count()));
  return {text.data(), size + static_cast<std::size_t>(rest)};
}

std::string_view word(Level level) noexcept {
  switch (level) {
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
  }
  return "";
}

spdlog::level::level_enum spdlog_level(Level level) noexcept {
  switch (level) {
    case Level::info: return spdlog::level::info;
    case Level::warn: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

// spdlog's interface asks for shared_ptr. The logger holds the pool weakly, so the pool can go first: its end writes
// out what waits and joins the writing thread.
struct Log::Sink {
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  ~Sink() { pool.reset(); }

  std::shared_ptr<spdlog::details::thread_pool> pool =
      std::make_shared<spdlog::details::thread_pool>(lines_that_may_wait, 1U);
  std::shared_ptr<spdlog::async_logger> logger = std::make_shared<spdlog::async_logger>(
      "users", std::make_shared<spdlog::sinks::stdout_sink_mt>(), pool, spdlog::async_overflow_policy::overrun_oldest);
};

Log::Log() : sink_(std::make_unique<Sink>()) { sink_->logger->set_pattern("%v"); }
Log::~Log() = default;

void Log::write(Level level, std::string_view message, std::initializer_list<LogField> fields) {
  nlohmann::ordered_json line;
  line["ts"] = timestamp();
  line["level"] = word(level);
  line["msg"] = message;
  for (const LogField& field : fields) {
    const auto* text = std::get_if<std::string_view>(&field.value);
    if (text != nullptr && text->empty()) continue;
    std::visit([&](const auto& value) { line[std::string(field.name)] = value; }, field.value);
  }
  sink_->logger->log(spdlog_level(level), line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace users
