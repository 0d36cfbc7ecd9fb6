// log: spdlog loggers, built directly, over a sink that writes JSON lines into the writer's shared channel.
//
// spdlog does not escape JSON, so the sink renders with JsonLine and uses no pattern. Fields ride beside the message:
// the mutex keeps the pair together.
#include "telemetry/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/sink.h>

#include <algorithm>
#include <span>

#include "telemetry/json.h"
#include "telemetry/log_writer.h"
#include "telemetry/time_text.h"

namespace holdfast::telemetry {
namespace {

static_assert(static_cast<int>(Level::trace) == SPDLOG_LEVEL_TRACE &&
              static_cast<int>(Level::off) == SPDLOG_LEVEL_OFF - 1);

constexpr std::size_t line_max = 16U << 10U;

spdlog::level::level_enum spdlog_level(Level level) noexcept {
  switch (level) {
    case Level::trace: return spdlog::level::trace;
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warn: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
    case Level::off: return spdlog::level::off;
  }
  return spdlog::level::off;
}

Level level_of(spdlog::level::level_enum level) noexcept {
  return static_cast<Level>(std::min<int>(level, static_cast<int>(Level::error)));
}

// Room for a line in which every byte had to be escaped.
std::size_t room_for(std::string_view msg, std::span<const LogField> fields) noexcept {
  std::size_t size = msg.size();
  for (const LogField& field : fields) {
    const auto* text = std::get_if<std::string_view>(&field.value);
    size += field.name.size() + (text != nullptr ? text->size() : 0) + 16;
  }
  return std::min(line_max, JsonLine::room_min + 256 + 6 * size);
}

class ChannelSink final : public spdlog::sinks::sink {
 public:
  explicit ChannelSink(LogWriter& writer) : writer_(writer) {}

  void log(const spdlog::details::log_msg& msg) override {
    const std::string_view text(msg.payload.data(), msg.payload.size());
    const Level level = level_of(msg.level);
    writer_.write_shared(level, room_for(text, fields), [&](char* room, std::size_t size) {
      JsonLine line(room, size);
      line.word("ts", time_.of(msg.time)).word("level", word(level));
      line.text("area", std::string_view(msg.logger_name.data(), msg.logger_name.size())).text("msg", text);
      if (!writer_.service().empty()) line.text("service", writer_.service());
      for (const LogField& field : fields) put(line, field);
      return line.finish();
    });
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

  std::span<const LogField> fields;  // of the line being written; under Areas::mutex

 private:
  static void put(JsonLine& line, const LogField& field) noexcept {
    if (const auto* text = std::get_if<std::string_view>(&field.value)) line.text(field.name, *text);
    if (const auto* number = std::get_if<std::uint64_t>(&field.value)) line.number(field.name, *number);
    if (const auto* flag = std::get_if<bool>(&field.value)) line.boolean(field.name, *flag);
  }

  LogWriter& writer_;
  TimeText time_;
};

}  // namespace

struct Loggers::Areas {
  explicit Areas(LogWriter& writer) : sink(writer) {
    for (const std::string_view area : area_words) {
      // spdlog wants a counted pointer; the sink is a member here and outlives the loggers, so nothing is counted.
      loggers.push_back(
          std::make_unique<spdlog::logger>(std::string(area), spdlog::sink_ptr(&sink, [](spdlog::sinks::sink*) {})));
      loggers.back()->set_level(spdlog::level::trace);  // Loggers::write asks first
    }
  }

  std::mutex mutex;
  ChannelSink sink;
  std::vector<std::unique_ptr<spdlog::logger>> loggers;
};

Loggers::Loggers(LogWriter& writer) : areas_(std::make_unique<Areas>(writer)) {
  for (auto& level : levels_) level.store(Level::info, std::memory_order_relaxed);
}

Loggers::~Loggers() = default;

void Loggers::write(Area area, Level level, std::string_view msg, std::initializer_list<LogField> fields) noexcept {
  if (level == Level::off || !enabled(area, level)) return;
  const std::scoped_lock lock(areas_->mutex);
  areas_->sink.fields = fields;
  areas_->loggers[static_cast<std::size_t>(area)]->log(spdlog_level(level),
                                                       spdlog::string_view_t(msg.data(), msg.size()));
  areas_->sink.fields = {};
}

void Loggers::set_levels(LevelSource source, const LevelSpec& spec) {
  const std::scoped_lock lock(mutex_);
  specs_[static_cast<std::size_t>(source)] = spec;
  for (std::size_t area = 0; area < area_count; ++area) {
    Level level = Level::info;
    for (const LevelSpec& said : specs_) level = said.areas[area].value_or(said.all.value_or(level));
    levels_[area].store(level, std::memory_order_relaxed);
  }
}

std::string Loggers::levels() const {
  const std::scoped_lock lock(mutex_);
  std::array<std::size_t, level_words.size()> users{};
  for (const auto& level : levels_) ++users[static_cast<std::size_t>(level.load(std::memory_order_relaxed))];
  LevelSpec spec;
  spec.all = static_cast<Level>(std::max_element(users.begin(), users.end()) - users.begin());
  for (std::size_t area = 0; area < area_count; ++area) {
    const Level level = levels_[area].load(std::memory_order_relaxed);
    if (level != spec.all) spec.areas[area] = level;
  }
  return to_text(spec);
}

}  // namespace holdfast::telemetry
