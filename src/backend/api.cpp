#include "backend/api.h"

#include <array>
#include <optional>
#include <utility>

#include "backend/json_object.h"

namespace users {
namespace {

using holdfast::Result;
using Parsed = Result<Command, Reply>;

Reply invalid_request(std::string_view reason) {
  return error_reply(400, std::string("invalid request: ").append(reason));
}

Reply not_found() { return error_reply(404, "no such path"); }

Reply method_not_allowed(std::string_view allowed) {
  Reply reply = error_reply(405, "method not allowed");
  reply.fields.push_back({"Allow", std::string(allowed)});
  return reply;
}

bool is_read(const Request& request) { return request.method == "GET" || request.method == "HEAD"; }

// The media type without its parameters, in lower case.
std::string media_type(const Request& request) {
  const std::string_view value = request.field("content-type");
  std::string type;
  for (const char c : value.substr(0, value.find(';'))) {
    if (c != ' ' && c != '\t') type += holdfast::lower(c);
  }
  return type;
}

bool is_json_type(const std::string& type) {
  constexpr std::array<std::string_view, 3> accepted{"", "application/json", "application/x-www-form-urlencoded"};
  for (const std::string_view one : accepted) {
    if (type == one) return true;
  }
  return type.starts_with("application/") && type.ends_with("+json");
}

Result<JsonObject, Reply> json_content(const Request& request) {
  const std::string_view coding = request.field("content-encoding");
  if (!coding.empty() && !holdfast::equals_lower(coding, "identity")) {
    return error_reply(415, "content coding not supported");
  }
  if (!is_json_type(media_type(request))) return error_reply(415, "content must be application/json");
  if (request.body.size() > max_json_content.bytes) {
    return error_reply(413, "content must not be longer than " + to_text(max_json_content));
  }
  auto object = JsonObject::parse(request.body);
  if (!object) return invalid_request(object.error().reason);
  return std::move(object).value();
}

Result<std::string, Invalid> string_member(const JsonObject& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  if (value == nullptr) return Invalid{std::string(key).append(" is missing")};
  const auto* text = std::get_if<std::string>(value);
  if (text == nullptr) return Invalid{std::string(key).append(" must be a string")};
  return *text;
}

Parsed parse_create(const Request& request) {
  const auto object = json_content(request);
  if (!object) return object.error();
  const auto text = string_member(object.value(), "name");
  if (!text) return invalid_request(text.error().reason);
  auto name = Name::from(text.value());
  if (!name) return invalid_request(name.error().reason);
  return Command{CreateUser{std::move(name).value()}};
}

Parsed parse_find(std::string_view id) {
  const auto number = holdfast::parse_count(id);
  if (!number) return invalid_request("id must be a whole number of at most 18 digits");
  return Command{FindUser{static_cast<std::int64_t>(*number)}};
}

}  // namespace

Parsed parse_command(const Request& request) {
  constexpr std::string_view user_prefix = "/users/";
  const std::string_view path = request.path;
  if (path == "/healthz") {
    if (!is_read(request)) return method_not_allowed("GET, HEAD");
    return Command{CheckHealth{}};
  }
  if (path == "/users") {
    if (request.method != "POST") return method_not_allowed("POST");
    return parse_create(request);
  }
  if (!path.starts_with(user_prefix)) return not_found();
  const std::string_view id = path.substr(user_prefix.size());
  if (id.empty() || id.find('/') != std::string_view::npos) return not_found();
  if (!is_read(request)) return method_not_allowed("GET, HEAD");
  return parse_find(id);
}

Reply reply_to(const Result<User, Refusal>& outcome) {
  if (!outcome) {
    const Refusal& refusal = outcome.error();
    switch (refusal.denial) {
      case Denial::not_found: return error_reply(404, refusal.text);
      case Denial::exists: return error_reply(409, refusal.text);
      case Denial::failed: return internal_error();
    }
  }
  const User& user = outcome.value();
  return {
      200, "application/json", "{\"id\":" + std::to_string(user.id) + ",\"name\":" + json_string(user.name) + "}", {}};
}

Reply reply_to(const Result<Done, Refusal>& health) {
  if (!health) return error_reply(503, "store unavailable");
  return {200, "application/json", R"({"status":"ok"})", {}};
}

Reply error_reply(int status, std::string_view text) {
  return {status, "application/json", "{\"error\":" + json_string(text) + "}", {}};
}

Reply internal_error() { return error_reply(500, "internal error"); }

}  // namespace users
