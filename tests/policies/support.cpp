#include "support.h"

namespace holdfast::policies {
namespace {

std::pair<std::string_view, std::string_view> split(std::string_view key) {
  const std::size_t dot = key.find('.');
  REQUIRE(dot != std::string_view::npos);
  return {key.substr(0, dot), key.substr(dot + 1)};
}

config::LoadedPolicy& find(config::Configuration& configuration, std::string_view name) {
  for (config::LoadedPolicy& policy : configuration.policies) {
    if (policy.section->name() == name) return policy;
  }
  FAIL("no such policy: " << name);
  return configuration.policies.front();
}

telemetry::LogOptions log_options() {
  telemetry::LogOptions options;
  options.format = telemetry::LogFormat::json;
  return options;
}

}  // namespace

TestConfiguration::TestConfiguration() {
  value.hash = "0123456789abcdef";
  value.platform.service = "users";
  for (const config::AnySection* section : sections()) {
    value.policies.push_back({section, section->standard_mode(), section->standard(), {}});
  }
}

config::AnySettings& TestConfiguration::settings(std::string_view policy, std::string_view route) {
  config::LoadedPolicy& loaded = find(value, policy);
  if (route.empty()) return loaded.settings;
  const auto index = static_cast<std::size_t>(&loaded - value.policies.data());
  for (config::LoadedRoute& one : value.routes) {
    if (one.name == route) return one.settings[index];
  }
  FAIL("no such route: " << route);
  return loaded.settings;
}

void TestConfiguration::read(std::string_view key, const config::Given& given, std::string_view route) {
  const auto [policy, setting] = split(key);
  const config::Field* field = find(value, policy).section->find(setting);
  REQUIRE_MESSAGE(field != nullptr, "no such setting: " << key);
  CHECK((route.empty() || field->is_routable));
  const auto fault = field->read(settings(policy, route), given);
  REQUIRE_MESSAGE(!fault, key << ": " << (fault ? fault->sentence : ""));
  const std::string full = route.empty() ? std::string(key) : "routes." + std::string(route) + "." + std::string(key);
  value.origins.set(full, {full, {}});
}

TestConfiguration& TestConfiguration::set(std::string_view key, std::string_view text, std::string_view route) {
  config::Given given;
  given.text = text;
  given.because = true;
  read(key, given, route);
  return *this;
}

TestConfiguration& TestConfiguration::list(std::string_view key, std::vector<std::string_view> items) {
  config::Given given;
  given.shape = config::Given::Shape::list;
  given.items = std::move(items);
  given.because = true;
  read(key, given, {});
  return *this;
}

TestConfiguration& TestConfiguration::mode(std::string_view policy, config::Mode mode) {
  config::LoadedPolicy& loaded = find(value, policy);
  REQUIRE(config::allows(loaded.section->modes(), mode));
  loaded.mode = mode;
  return *this;
}

TestConfiguration& TestConfiguration::route(std::string name, std::string method, std::string path) {
  config::LoadedRoute& added = value.routes.emplace_back();
  added.name = std::move(name);
  added.method = std::move(method);
  added.path = std::move(path);
  for (const config::LoadedPolicy& policy : value.policies) added.settings.push_back(policy.settings);
  return *this;
}

Heard check(const TestConfiguration& configuration, const config::Environment& machine) {
  Heard heard;
  for (const config::LoadedPolicy& policy : configuration.value.policies) policy.section->check(policy.settings, heard);
  for (const config::CrossRule rule : cross_rules()) rule(configuration.value, machine, heard);
  return heard;
}

TestWorker::TestWorker(const TestConfiguration& configuration)
    : plan(build_plan(configuration.value)),
      writer_(log_options()),
      loggers_(writer_),
      metrics_(1, 2000),
      services_{.rates = rates_,
                .loggers = loggers_,
                .lines = writer_.channel(0),
                .metrics = metrics_,
                .cells = metrics_.slab(0),
                .rate_seed = 7,
                .seed_hi = 1,
                .seed_lo = 2} {
  std::vector<std::string> names;
  for (const RoutePlan& route : plan->routes) names.push_back(route.name);
  metrics_.set_routes(names, plan->listener.series_max);
  pipeline = build_pipeline(configuration.value, *plan, services_);
}

TestWorker::~TestWorker() {
  // Nothing of a test belongs on the terminal: the writer finds its block taken already.
  services_.lines.flush();
  while (const auto filled = services_.lines.take()) services_.lines.give_back(filled->block);
}

Exchange& TestWorker::begin(std::string_view method, std::string_view target, const Lines& fields) {
  x.clear();
  entered_ = 0;
  bytes_.clear();
  const auto put = [&](std::string_view text) {
    bytes_.append(text);
    return http::Text{static_cast<std::uint32_t>(bytes_.size() - text.size()), static_cast<std::uint32_t>(text.size())};
  };
  x.request.method_text = put(method);
  x.request.target = x.request.path_and_query = put(target);
  for (const auto& [name, value] : fields) {
    const http::NameClass known = plan->names.classify(name);
    const http::Text at = put(name);
    const http::Text content = put(value);
    x.request.fields.push_back(
        {at.begin, content.begin, content.size, static_cast<std::uint16_t>(at.size), known.id, known.marks});
    x.request.present.add(known.id);
    x.request.marks |= known.marks;
  }
  x.request.set_base(bytes_.data());
  x.request.method = method == "GET" ? http::Method::get : method == "POST" ? http::Method::post : http::Method::other;
  connection_ = {.id = 17, .requests = 3, .peer = parse_client_address("192.0.2.7")};
  x.plan = plan.get();
  x.connection = &connection_;
  x.client = connection_.peer;
  x.route = &plan->route_of(method, target.substr(0, target.find('?')));
  x.request_head_complete = true;
  x.request_id_size =
      static_cast<std::uint8_t>(write_text(x.request_id.data(), "made-by-engine") - x.request_id.data());
  x.now = x.at.begun = x.at.head_complete = now;
  x.wall_begun = WallTime{std::chrono::seconds(1'700'000'000)};
  return x;
}

void TestWorker::respond(std::uint16_t status) {
  x.status = status;
  x.response_head_seen = true;
  x.at.admitted = x.at.connected = x.at.request_sent = now;
  x.now = x.at.first_byte = now + std::chrono::milliseconds(20);
  x.at.response_done = now + std::chrono::milliseconds(30);
  pipeline->on_response(x, entered_);
}

std::string TestWorker::complete() {
  std::size_t completed = 0;
  pipeline->on_complete(x, completed);
  return std::string(services_.lines.current_lines());
}

void TestWorker::set_access_level(telemetry::Level level) {
  telemetry::LevelSpec spec;
  spec.areas[static_cast<std::size_t>(telemetry::Area::access)] = level;
  loggers_.set_levels(telemetry::LevelSource::request, spec);
}

std::string_view edited(const FieldEdits& edits, std::string_view name) {
  for (std::size_t i = 0; i < edits.size; ++i) {
    if (edits.fields[i].name == name) return edits.fields[i].value;
  }
  return {};
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace holdfast::policies
