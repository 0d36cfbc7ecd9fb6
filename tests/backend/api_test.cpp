// The input boundary as a table: bytes on the left, the command or the 4xx on the right.
#include "backend/api.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "backend/json_object.h"

namespace {

using namespace users;

Request post(std::string body, std::string type = "application/json") {
  return {"POST", "1.1", "/users", "", {{"Content-Type", std::move(type)}}, std::move(body)};
}

Request make(std::string method, std::string path) { return {std::move(method), "1.1", std::move(path), "", {}, ""}; }

std::string refused(const Request& request) {
  const auto command = parse_command(request);
  if (command) return "accepted";
  return std::to_string(command.error().status) + " " + command.error().body;
}

struct Case {
  std::string_view content;
  std::string_view reason;
};

}  // namespace

TEST_CASE("api: a good POST becomes a command with a valid name") {
  for (const char* type : {"application/json", "Application/JSON ; charset=utf-8", "application/problem+json", "",
                           "application/x-www-form-urlencoded"}) {
    const auto command = parse_command(post(R"({"name":"Ada","note":{"any":[1,2]},"n":null})", type));
    REQUIRE(command.has_value());
    const auto* create = std::get_if<CreateUser>(&command.value());
    REQUIRE(create != nullptr);
    CHECK(create->name.text() == "Ada");
  }
}

TEST_CASE("api: content that is no valid user is 400 with the reason") {
  const std::string deep = "{\"name\":" + std::string(40, '[') + std::string(40, ']') + "}";
  const std::vector<Case> cases{
      {R"({"name":""})", "name must not be empty"},
      {R"({"name":"  "})", "name must not be empty"},
      {R"({})", "name is missing"},
      {R"({"Name":"Ada"})", "name is missing"},
      {R"({"name":1})", "name must be a string"},
      {R"({"name":null})", "name must be a string"},
      {R"({"name":{"name":"Ada"}})", "name must be a string"},
      {R"({"x":{"name":"Ada"}})", "name is missing"},
      {R"({"name":"a","name":"b"})", R"(key \"name\" appears twice)"},
      {R"({"name":"a\u0000b"})", "name must not contain control characters"},
      {R"({"name":)", "content is not valid JSON at byte 9"},
      {R"({"name":"Ada"} x)", "content is not valid JSON at byte 16"},
      {"{\"name\":\"\xff\"}", "content is not valid JSON at byte 10"},
      {"", "content must be a JSON object"},
      {"[]", "content must be a JSON object"},
      {"\"Ada\"", "content must be a JSON object"},
      {"1", "content must be a JSON object"},
      {deep, "content is nested too deeply"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.content);
    CHECK(refused(post(std::string(one.content))) ==
          "400 {\"error\":\"invalid request: " + std::string(one.reason) + "\"}");
  }
}

TEST_CASE("api: content of another type or coding is 415, content that is too long 413") {
  CHECK(refused(post("{}", "text/xml")) == R"(415 {"error":"content must be application/json"})");
  CHECK(refused(post("{}", "multipart/form-data; boundary=x")).starts_with("415 "));
  Request coded = post(R"({"name":"Ada"})");
  coded.fields.push_back({"content-encoding", "gzip"});
  CHECK(refused(coded) == R"(415 {"error":"content coding not supported"})");
  CHECK(refused(post(std::string(max_json_content.bytes + 1, ' '))) ==
        R"(413 {"error":"content must not be longer than 64KiB"})");
}

TEST_CASE("api: GET and HEAD of a user carry its id, and nothing else is an id") {
  for (const char* method : {"GET", "HEAD"}) {
    const auto command = parse_command(make(method, "/users/42"));
    REQUIRE(command.has_value());
    const auto* find = std::get_if<FindUser>(&command.value());
    REQUIRE(find != nullptr);
    CHECK(find->id == 42);
  }
  for (const char* path : {"/users/abc", "/users/-1", "/users/1.5", "/users/9223372036854775808", "/users/%31"}) {
    CAPTURE(path);
    CHECK(refused(make("GET", path)).starts_with("400 "));
  }
}

TEST_CASE("api: an unknown path is 404 and a wrong method 405 with Allow") {
  for (const char* path : {"/", "", "/user", "/users/", "/users/1/", "/users/1/x", "/healthz/", "/ok"}) {
    CAPTURE(path);
    CHECK(refused(make("GET", path)) == R"(404 {"error":"no such path"})");
  }
  struct Row {
    const char* method;
    const char* path;
    const char* allow;
  };
  for (const Row row :
       {Row{"GET", "/users", "POST"}, Row{"DELETE", "/users/1", "GET, HEAD"}, Row{"POST", "/healthz", "GET, HEAD"}}) {
    const auto command = parse_command(make(row.method, row.path));
    REQUIRE_FALSE(command.has_value());
    CHECK(command.error().status == 405);
    REQUIRE(command.error().fields.size() == 1);
    CHECK(command.error().fields.front().name == "Allow");
    CHECK(command.error().fields.front().value == row.allow);
  }
}

TEST_CASE("api: a user is rendered without spaces and with its text escaped") {
  const auto rendered = [](std::string name) {
    return reply_to(holdfast::Result<User, Refusal>(User{1, std::move(name)})).body;
  };
  CHECK(rendered("Ada") == R"({"id":1,"name":"Ada"})");
  CHECK(rendered("a\"\\\n") == R"({"id":1,"name":"a\"\\\n"})");
  CHECK(rendered("\xff") == "{\"id\":1,\"name\":\"\xef\xbf\xbd\"}");
}

TEST_CASE("api: a store failure is 500 without its cause, for the health route 503") {
  const Refusal failed{Denial::failed, "", "store timeout: secret.internal"};
  const Reply reply = reply_to(holdfast::Result<User, Refusal>(failed));
  CHECK(reply.status == 500);
  CHECK(reply.body == R"({"error":"internal error"})");
  CHECK(reply_to(holdfast::Result<Done, Refusal>(failed)).status == 503);
  CHECK(reply_to(holdfast::Result<Done, Refusal>(Done{})).status == 200);
  CHECK(reply_to(holdfast::Result<User, Refusal>(Refusal{Denial::exists, "already exists", ""})).status == 409);
}
