#include "backend/api.h"

#include <algorithm>
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

Result<std::string_view, Invalid> string_member(const JsonObject& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  if (value == nullptr) return Invalid{std::string(key).append(" is missing")};
  const auto* text = std::get_if<std::string>(value);
  if (text == nullptr) return Invalid{std::string(key).append(" must be a string")};
  return std::string_view(*text);
}

Result<std::int64_t, Invalid> whole_member(const JsonObject& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  if (value == nullptr) return Invalid{std::string(key).append(" is missing")};
  const auto* number = std::get_if<std::int64_t>(value);
  if (number == nullptr) return Invalid{std::string(key).append(" must be a whole number")};
  return *number;
}

Result<UserName, Invalid> name_member(const JsonObject& object, std::string_view key) {
  const auto text = string_member(object, key);
  if (!text) return text.error();
  return UserName::from(text.value(), key);
}

Result<EmailAddress, Invalid> email_member(const JsonObject& object) {
  const auto text = string_member(object, "email");
  if (!text) return text.error();
  return EmailAddress::from(text.value());
}

Result<Age, Invalid> age_member(const JsonObject& object) {
  const auto years = whole_member(object, "age");
  if (!years) return years.error();
  return Age::from(years.value());
}

Result<Password, Invalid> password_member(const JsonObject& object) {
  const auto text = string_member(object, "password");
  if (!text) return text.error();
  return Password::from(text.value());
}

Parsed parse_create(const Request& request) {
  const auto object = json_content(request);
  if (!object) return object.error();
  auto name = name_member(object.value(), "name");
  if (!name) return invalid_request(name.error().reason);
  return Command{CreateUser{std::move(name).value()}};
}

Parsed parse_register(const Request& request) {
  const auto object = json_content(request);
  if (!object) return object.error();
  auto username = name_member(object.value(), "username");
  if (!username) return invalid_request(username.error().reason);
  auto email = email_member(object.value());
  if (!email) return invalid_request(email.error().reason);
  const auto age = age_member(object.value());
  if (!age) return invalid_request(age.error().reason);
  auto password = password_member(object.value());
  if (!password) return invalid_request(password.error().reason);
  return Command{
      RegisterUser{std::move(username).value(), std::move(email).value(), age.value(), std::move(password).value()}};
}

Parsed parse_find(std::string_view id) {
  const auto number = holdfast::parse_count(id);
  if (!number) return invalid_request("id must be a whole number of at most 18 digits");
  return Command{FindUser{static_cast<std::int64_t>(*number)}};
}

struct PageQuery {
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> after;
};

// Takes one `name=value`; the reason when it cannot.
std::optional<std::string> take_parameter(std::string_view name, std::string_view value, PageQuery& query) {
  const auto number = holdfast::parse_count(value);
  auto& place = name == "limit" ? query.limit : query.after;
  if (name != "limit" && name != "after") return "the query may have limit and after only";
  if (place) return std::string(name).append(" appears twice");
  if (name == "limit" && (!number || *number < 1 || *number > max_page)) return "limit must be 1 to 100";
  if (!number) return "after must be a whole number of at most 18 digits";
  place = number;
  return std::nullopt;
}

Parsed parse_list(std::string_view text) {
  PageQuery query;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    const std::size_t equals = std::min(one.find('='), one.size());
    const std::string_view value = one.substr(std::min(equals + 1, one.size()));
    if (const auto fault = take_parameter(one.substr(0, equals), value, query)) return invalid_request(*fault);
  }
  ListUsers list;
  if (query.limit) list.limit = *query.limit;
  if (query.after) list.after = static_cast<std::int64_t>(*query.after);
  return Command{list};
}

Reply refused(const Refusal& refusal) {
  switch (refusal.denial) {
    case Denial::not_found: return error_reply(404, refusal.text);
    case Denial::exists: return error_reply(409, refusal.text);
    case Denial::failed: return internal_error();
  }
  return internal_error();
}

std::string user_object(const User& user) {
  return "{\"id\":" + std::to_string(user.id) + ",\"name\":" + json_string(user.name) + "}";
}

Parsed parse_users(const Request& request) {
  if (request.method == "POST") return parse_create(request);
  if (is_read(request)) return parse_list(request.query);
  return method_not_allowed("GET, HEAD, POST");
}

Parsed parse_user(const Request& request, std::string_view id) {
  if (id.empty() || id.find('/') != std::string_view::npos) return not_found();
  if (!is_read(request)) return method_not_allowed("GET, HEAD");
  return parse_find(id);
}

}  // namespace

Parsed parse_command(const Request& request) {
  constexpr std::string_view user_prefix = "/users/";
  const std::string_view path = request.path;
  if (path == "/users") return parse_users(request);
  if (path.starts_with(user_prefix)) return parse_user(request, path.substr(user_prefix.size()));
  if (path == "/register") {
    return request.method == "POST" ? parse_register(request) : Parsed(method_not_allowed("POST"));
  }
  if (path == "/healthz") return is_read(request) ? Parsed(Command{CheckHealth{}}) : method_not_allowed("GET, HEAD");
  return not_found();
}

Reply reply_to(const Result<User, Refusal>& outcome) {
  if (!outcome) return refused(outcome.error());
  return {200, "application/json", user_object(outcome.value()), {}};
}

Reply reply_to(const Result<Registered, Refusal>& outcome) {
  if (!outcome) return refused(outcome.error());
  const Registered& user = outcome.value();
  const std::string id = std::to_string(user.id);
  return {
      201,
      "application/json",
      "{\"id\":" + id + ",\"username\":" + json_string(user.username) + ",\"email\":" + json_string(user.email) + "}",
      {{"Location", "/users/" + id}}};
}

Reply reply_to(const Result<UserPage, Refusal>& outcome) {
  if (!outcome) return refused(outcome.error());
  std::string body = "{\"users\":[";
  for (const User& user : outcome.value().users) {
    if (body.back() != '[') body += ',';
    body += user_object(user);
  }
  const auto& next = outcome.value().next;
  body += "],\"next\":" + (next ? std::to_string(*next) : "null") + "}";
  return {200, "application/json", std::move(body), {}};
}

Reply reply_to(const Result<Done, Refusal>& outcome) {
  if (!outcome) return refused(outcome.error());
  return {200, "application/json", R"({"status":"ok"})", {}};
}

Reply reply_to_health(bool store_answers) {
  if (!store_answers) return error_reply(503, "store unavailable");
  return {200, "application/json", R"({"status":"ok"})", {}};
}

Reply error_reply(int status, std::string_view text) {
  return {status, "application/json", "{\"error\":" + json_string(text) + "}", {}};
}

Reply internal_error() { return error_reply(500, "internal error"); }

Reply busy() {
  Reply reply = error_reply(503, "too many requests in progress");
  reply.fields.push_back({"Retry-After", "1"});
  return reply;
}

}  // namespace users
