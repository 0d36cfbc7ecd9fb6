// accessLog: one JSON line per exchange, formatted by hand into the worker's line block, without allocation and without
// waiting.
//
// A failure is always logged; `sample` thins out the rest, by request id, so that two sidecars on one path keep the
// same exchanges. What a client or an app chose is escaped by JsonLine; query and cause are redacted first. The cause
// is the last field: if anything is cut, it is that.
#include <algorithm>

#include "policies/catalog_line.h"
#include "telemetry/json.h"
#include "telemetry/time_text.h"

namespace holdfast::policies {
namespace {

using telemetry::Area;
using telemetry::JsonLine;
using telemetry::Level;

constexpr std::uint32_t everything = 1'000'000;  // parts per million
constexpr std::uint64_t sample_seed = 0;         // the same in every sidecar
constexpr std::size_t path_shown = 2048;
constexpr std::size_t line_most = 60U << 10U;  // a block of lines has 64 KiB
constexpr std::size_t fields_without_texts = 2048;
constexpr std::size_t escape_growth = 6;  // \u0000

struct AccessLog {
  Share sample{everything};
};

// What we refused before the app was asked, for the sake of the rest.
bool shed(const Exchange& x) noexcept {
  const Blame blame = failure(x.error.reason).blame;
  return x.error.reason == Reason::rate_limited || (blame == Blame::sidecar && x.error.reason != Reason::internal);
}

Level level_of(const Exchange& x) noexcept {
  const Reason reason = x.error.reason;
  if (reason != Reason::ok && shed(x)) return Level::warn;
  if (x.status >= 500) return Level::error;
  if (reason == Reason::ok || reason == Reason::downstream_gone) return Level::info;
  return Level::warn;
}

bool happened(TimePoint moment) noexcept { return moment != TimePoint{}; }

std::size_t text_size(const Rule* rule) noexcept {
  return rule == nullptr ? 0 : rule->policy.size() + rule->setting.size() + rule->origin.size() + 8;
}

// `timeouts.firstByte policies/users.yaml:12`
void append_rule(std::string& out, const Rule& rule) {
  out.append(rule.policy).append(".").append(rule.setting).append(" ").append(rule.origin);
}

class AccessLogPolicy final : public Policy {
 public:
  AccessLogPolicy(const Plan& plan, std::vector<std::uint32_t> samples, Services& services)
      : plan_(plan), samples_(std::move(samples)), loggers_(services.loggers), lines_(services.lines) {
    scratch_.reserve(scratch_size);
    for (std::size_t i = 0; i < openings_.size(); ++i) openings_[i] = opening(static_cast<Level>(i), plan);
    for (const RoutePlan& route : plan.routes) routes_.push_back(route_member(route));
  }

  void on_complete(const Exchange& x) override {
    const Level level = level_of(x);
    if (!loggers_.enabled(Area::access, level) || !sampled(x)) return;
    cause_.clear();
    if (!x.cause.empty()) telemetry::redact_json(x.cause, plan_.redact_json, cause_);
    const std::size_t room = room_for(x);
    char* out = lines_.begin(level, room);
    if (out == nullptr) return;
    JsonLine line(out, room);
    line.word("ts", time_.of(x.wall_begun + (x.ended() - x.at.begun)));
    line.members(openings_[static_cast<std::size_t>(level)]);
    write_request(line, x);
    write_outcome(line, x);
    write_times(line, x);
    write_connections(line, x);
    write_remarks(line, x);
    lines_.commit(line.finish(), x.now);
  }

 private:
  static constexpr std::size_t scratch_size = 2048;  // enough for usual paths of files; it grows when they are longer

  // What is the same in every line of a level, and in every line of a route.
  static std::string opening(Level level, const Plan& plan) {
    std::string room(JsonLine::room_min + escape_growth * plan.listener.service.size(), '\0');
    JsonLine line(room.data(), room.size());
    line.word("level", telemetry::word(level)).word("msg", "request").text("service", plan.listener.service);
    return std::string(line.fields(room.data()));
  }
  static std::string route_member(const RoutePlan& route) {
    std::string room(JsonLine::room_min + escape_growth * route.name.size(), '\0');
    JsonLine line(room.data(), room.size());
    line.text("route", route.name);
    return std::string(line.fields(room.data()));
  }

  bool sampled(const Exchange& x) const noexcept {
    const std::uint32_t share = samples_[x.route == nullptr ? 0 : x.route->index];
    if (share == everything || x.error.reason != Reason::ok || x.status >= 500) return true;
    return limit_key(sample_seed, x.id().data(), x.id().size()).bits % everything < share;
  }

  std::size_t room_for(const Exchange& x) const noexcept {
    const std::size_t path = std::min<std::size_t>(x.request.path_and_query.size, path_shown);
    std::size_t size = fields_without_texts + openings_.front().size() + escape_growth * (path + cause_.size());
    if (x.route != nullptr) size += routes_[x.route->index].size();
    size += escape_growth * text_size(x.error.rule);
    for (std::uint8_t i = 0; i < x.would_size; ++i) size += escape_growth * text_size(x.would[i].rule);
    return std::min(size, line_most);
  }

  void write_request(JsonLine& line, const Exchange& x) noexcept {
    line.word("request_id", x.id());
    if (x.trace.known) line.word("trace_id", {x.trace.trace_id.data(), x.trace.trace_id.size()});
    if (!x.request_head_complete) {
      line.word("method", "").word("path", "");
      return;
    }
    line.word("method", x.request.text(x.request.method_text)).text("path", shown_path(x));
  }

  std::string_view shown_path(const Exchange& x) noexcept {
    const std::string_view target = x.request.text(x.request.path_and_query);
    if (target.empty()) return "/";
    if (target.size() <= path_shown && target.find('?') == std::string_view::npos) return target;
    const char* end = telemetry::redact_query(target, plan_.redact_query, path_.data(), path_.size());
    return {path_.data(), static_cast<std::size_t>(end - path_.data())};
  }

  void write_outcome(JsonLine& line, const Exchange& x) {
    const Failure& row = failure(x.error.reason);
    line.members(routes_[x.route == nullptr ? 0 : x.route->index]);
    line.number("status", x.status).word("reason", row.word).word("blame", word(row.blame));
    if (x.error.rule != nullptr) {
      scratch_.clear();
      append_rule(scratch_, *x.error.rule);
      line.text("policy", scratch_);
    }
    // With a detail, the value is an offset and stands there. Without a value, the limit is what the rule says.
    if (x.error.value != 0 && x.error.detail == nullptr)
      line.number("value", x.error.value).number("limit", x.error.limit);
    line.word("client", x.client.view()).number("bytes_in", x.bytes_in).number("bytes_out", x.bytes_out);
  }

  static void write_times(JsonLine& line, const Exchange& x) noexcept {
    const Moments& at = x.at;
    const TimePoint end = x.ended();
    line.object("ms").milliseconds("total", end - at.begun);
    if (happened(at.head_complete)) line.milliseconds("headers", at.head_complete - at.begun);
    if (happened(at.admitted)) line.milliseconds("queue", at.admitted - at.head_complete);
    if (happened(at.connected)) line.milliseconds("connect", at.connected - at.admitted);
    const TimePoint asked = std::max(at.connected, at.request_sent);
    if (happened(at.first_byte)) {
      line.milliseconds("first_byte",
                        std::max(Duration{0}, at.first_byte - (asked < at.first_byte ? asked : at.connected)));
      line.milliseconds("body", end - at.first_byte);
    } else if (x.error.reason == Reason::downstream_gone && happened(asked)) {
      line.milliseconds("app_silent", end - asked);  // how long a client that left had been waiting for the app
    }
    line.end();
  }

  static void write_connections(JsonLine& line, const Exchange& x) noexcept {
    if (x.connection != nullptr) {
      line.object("conn").number("id", x.connection->id).boolean("reused", x.connection->requests > 1);
      line.number("nth", x.connection->requests).end();
    }
    if (x.upstream_connection != 0) {
      line.object("upstream")
          .number("id", x.upstream_connection)
          .boolean("reused", x.upstream_reused)
          .number("nth", x.upstream_nth);
      if (x.resent) line.boolean("resent", true);
      line.end();
    }
  }

  void write_remarks(JsonLine& line, const Exchange& x) {
    line.boolean("truncated", x.truncated);
    if (x.upgraded) line.boolean("upgraded", true);
    if (x.request_id_replaced) line.boolean("request_id_replaced", true);
    if (x.would_size != 0) line.text("would", would_text(x));
    if (!cause_.empty()) {
      line.text("cause", cause_);
    } else if (x.error.detail != nullptr) {
      line.text("cause", detail_text(x.error));
    }
  }

  // The rule of the grammar and the offset, never the bytes.
  std::string_view detail_text(const Error& error) {
    scratch_.assign(error.detail);
    if (error.value == 0) return scratch_;
    std::array<char, 20> digits{};
    scratch_.append(" at byte ").append(digits.data(), write_decimal(digits.data(), error.value));
    return scratch_;
  }

  // `rate_limited rateLimit.rate policies/users.yaml:20, body_too_large limits.body profile standard@1`
  std::string_view would_text(const Exchange& x) {
    scratch_.clear();
    for (std::uint8_t i = 0; i < x.would_size; ++i) {
      if (i != 0) scratch_ += ", ";
      scratch_ += failure(x.would[i].reason).word;
      if (x.would[i].rule == nullptr) continue;
      scratch_ += ' ';
      append_rule(scratch_, *x.would[i].rule);
    }
    return scratch_;
  }

  const Plan& plan_;
  std::vector<std::uint32_t> samples_;  // by route, parts per million
  std::array<std::string, telemetry::level_words.size()> openings_;
  std::vector<std::string> routes_;
  telemetry::Loggers& loggers_;
  telemetry::LogChannel& lines_;
  telemetry::TimeText time_;
  std::array<char, path_shown> path_{};
  std::string scratch_;
  std::string cause_;
};

void add_hooks(const PolicySettings& settings, const Plan& plan, Services& services, Pipeline& pipeline) {
  std::vector<std::uint32_t> samples;
  samples.reserve(plan.routes.size());
  for (const RoutePlan& route : plan.routes)
    samples.push_back(settings.on_route<AccessLog>(route.index).sample.per_million);
  pipeline.add(std::make_unique<AccessLogPolicy>(plan, std::move(samples), services));
}

}  // namespace

CatalogLine access_log() {
  static const auto section =
      config::Section<AccessLog>("accessLog", "One JSON line per exchange.", config::Modes::enforce_disabled)
          .share("sample", &AccessLog::sample, {{0}, {everything}},
                 "Share of exchanges without failure that are logged; failures always are.", config::routable);
  return {.section = &section, .hooks = add_hooks};
}

}  // namespace holdfast::policies
