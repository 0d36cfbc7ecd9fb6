#include "backend/faults.h"

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "backend/json_object.h"
#include "core/units.h"

namespace users {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t longest_wait_ms = 3'600'000;

// Value of a query parameter that is a count; `otherwise` when it is absent, nothing when it is no count up to `most`.
std::optional<std::uint64_t> count_parameter(std::string_view query, std::string_view name, std::uint64_t otherwise,
                                             std::uint64_t most) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (!pair.starts_with(name) || pair.substr(name.size(), 1) != "=") continue;
    const auto count = holdfast::parse_count(pair.substr(name.size() + 1));
    if (!count || *count > most) return std::nullopt;
    return count;
  }
  return otherwise;
}

Reply bad_parameter() { return error_reply(400, "invalid request: query parameter out of range"); }

Plan ok(const Request&) { return Reply{200, "text/plain", "ok", {}}; }

Plan boom(const Request&) { throw std::runtime_error("boom: thrown by the handler of /boom"); }

Plan slow_store(const Request&) { return Command{OccupyStore{seconds(10)}}; }

// What a badly configured framework shows on an error: everything in it must stop at the proxy.
Plan leak(const Request&) {
  Reply reply;
  reply.status = 500;
  reply.content_type = "text/plain";
  reply.body =
      "Traceback (most recent call last):\n"
      "  at UserRepository.findByEmail (/srv/app/src/users/user_repository.cpp:42)\n"
      "  at UsersController.show (/srv/app/src/users/users_controller.cpp:17)\n"
      "SqlError: SELECT id, password_hash FROM users WHERE email = 'ada@example.com' failed\n"
      "  host: db-primary.users.svc.cluster.internal:5432, user: users_rw\n";
  reply.fields = {{"Server", "users-service/0.1 (evhttp)"}, {"X-Powered-By", "libevent"}};
  return reply;
}

Reply echo_as_json(const Request& request) {
  std::string fields;
  for (const Field& field : request.fields) {
    if (!fields.empty()) fields += ',';
    fields += "[" + json_string(field.name) + "," + json_string(field.value) + "]";
  }
  const std::string target = request.query.empty() ? request.path : request.path + "?" + request.query;
  std::string body = "{\"method\":" + json_string(request.method) + ",\"path\":" + json_string(target) +
                     ",\"version\":" + json_string(request.version) + ",\"headers\":[" + fields +
                     "],\"body\":" + json_string(request.body) + "}";
  return {200, "application/json", std::move(body), {}};
}

Plan echo(const Request& request) {
  if (count_parameter(request.query, "headers", 0, 1).value_or(0) == 1) return echo_as_json(request);
  const std::string_view type = request.field("content-type");
  return Reply{200, type.empty() ? "application/octet-stream" : std::string(type), request.body, {}};
}

Plan crash(const Request&) { return Fault{Crash{}}; }
Plan hang(const Request&) { return Fault{Hang{}}; }
Plan reset(const Request&) { return Fault{Reset{}}; }
Plan garbage(const Request&) { return Fault{Garbage{}}; }

Plan slow(const Request& request) {
  const auto wait = count_parameter(request.query, "ms", 1000, longest_wait_ms);
  if (!wait) return bad_parameter();
  return Fault{Slow{milliseconds(*wait)}};
}

Plan big(const Request& request) {
  constexpr std::uint64_t most = std::uint64_t{1} << 40U;
  const auto bytes = count_parameter(request.query, "bytes", 1U << 20U, most);
  const auto rate = count_parameter(request.query, "rate", 0, most);
  const auto chunked = count_parameter(request.query, "chunked", 0, 1);
  if (!bytes || !rate || !chunked) return bad_parameter();
  return Fault{Big{*bytes, *rate, *chunked == 1}};
}

Plan stream(const Request& request) {
  const auto count = count_parameter(request.query, "n", 10, 1'000'000'000);
  const auto interval = count_parameter(request.query, "interval", 200, longest_wait_ms);
  if (!count || !interval) return bad_parameter();
  return Fault{Events{*count, milliseconds(*interval)}};
}

struct Route {
  std::string_view path;
  Plan (*plan)(const Request&);
};
constexpr std::array routes{
    Route{"/ok", ok},     Route{"/boom", boom},   Route{"/crash", crash},           Route{"/hang", hang},
    Route{"/slow", slow}, Route{"/leak", leak},   Route{"/slow-store", slow_store}, Route{"/big", big},
    Route{"/echo", echo}, Route{"/reset", reset}, Route{"/garbage", garbage},       Route{"/stream", stream},
};

}  // namespace

std::optional<Plan> plan_fault(const Request& request) {
  for (const Route& route : routes) {
    if (route.path == request.path) return route.plan(request);
  }
  return std::nullopt;
}

}  // namespace users
