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

// A registration with these members and a good password unless told otherwise.
Request register_with(std::string_view members, std::string_view password = R"(,"password":"correct horse")") {
  Request request = post("{" + std::string(members).append(password) + "}");
  request.path = "/register";
  return request;
}

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
  std::string many = "{\"name\":\"Ada\"";
  for (int i = 0; i < 64; ++i) many += ",\"" + std::to_string(i) + "\":0";
  many += '}';
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
      {R"({"name":)", "content is not valid JSON in UTF-8 at byte 9"},
      {R"({"name":"Ada"} x)", "content is not valid JSON in UTF-8 at byte 16"},
      {"{\"name\":\"\xff\"}", "content is not valid JSON in UTF-8 at byte 10"},
      {"", "content must be a JSON object"},
      {"[]", "content must be a JSON object"},
      {"\"Ada\"", "content must be a JSON object"},
      {"1", "content must be a JSON object"},
      {deep, "content is nested too deeply"},
      {many, "content has more than 64 members"},
      {R"({"name":"Ada","n":1e400})", "content has a number out of range at byte 23"},
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
  for (const Row row : {Row{"PUT", "/users", "GET, HEAD, POST"}, Row{"GET", "/register", "POST"},
                        Row{"DELETE", "/users/1", "GET, HEAD"}, Row{"POST", "/healthz", "GET, HEAD"}}) {
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

TEST_CASE("api: a good registration becomes a command of four valid values") {
  const auto command = parse_command(register_with(R"("username":"Ada","email":"Ada@Example.org","age":36)"));
  REQUIRE(command.has_value());
  const auto* user = std::get_if<RegisterUser>(&command.value());
  REQUIRE(user != nullptr);
  CHECK(user->username.text() == "Ada");
  CHECK(user->email.text() == "Ada@Example.org");
  CHECK(user->email.key() == "ada@example.org");
  CHECK(user->age.years() == 36);
  CHECK(user->password.view() == "correct horse");
}

TEST_CASE("api: a registration names the first member that is wrong") {
  const std::vector<Case> cases{
      {R"("email":"a@b.org","age":36)", "username is missing"},
      {R"("username":" ","email":"a@b.org","age":36)", "username must not be empty"},
      {R"("username":"Ada","age":36)", "email is missing"},
      {R"("username":"Ada","email":["a@b.org"],"age":36)", "email must be a string"},
      {R"("username":"Ada","email":"nobody","age":36)", "invalid email: must look like ada@example.org"},
      {R"("username":"Ada","email":"a@b.org")", "age is missing"},
      {R"("username":"Ada","email":"a@b.org","age":"36")", "age must be a whole number"},
      {R"("username":"Ada","email":"a@b.org","age":36.5)", "age must be a whole number"},
      {R"("username":"Ada","email":"a@b.org","age":99999999999999999999)", "age must be a whole number"},
      {R"("username":"Ada","email":"a@b.org","age":12)", "age must be at least 13"},
      {R"("username":"Ada","email":"a@b.org","age":-5)", "age must be at least 13"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.content);
    CHECK(refused(register_with(one.content)) ==
          "400 {\"error\":\"invalid request: " + std::string(one.reason) + "\"}");
  }
  const std::string good = R"("username":"Ada","email":"a@b.org","age":36)";
  CHECK(refused(register_with(good, "")) == R"(400 {"error":"invalid request: password is missing"})");
  CHECK(refused(register_with(good, R"(,"password":7)")) ==
        R"(400 {"error":"invalid request: password must be a string"})");
  CHECK(refused(register_with(good, R"(,"password":"short")")) ==
        R"(400 {"error":"invalid request: weak password: at least 8 characters are needed"})");
}

TEST_CASE("api: a list of users has a limit from 1 to 100 and a place to go on from") {
  const auto list = [](std::string query) {
    Request request = make("GET", "/users");
    request.query = std::move(query);
    return request;
  };
  const auto command = parse_command(list("limit=7&after=42"));
  REQUIRE(command.has_value());
  const auto* page = std::get_if<ListUsers>(&command.value());
  REQUIRE(page != nullptr);
  CHECK(page->limit == 7);
  CHECK(page->after == 42);
  CHECK(refused(list("")) == "accepted");
  CHECK(refused(list("after=0")) == "accepted");
  for (const char* query :
       {"limit=0", "limit=101", "limit=", "limit", "limit=-1", "limit=1e1", "after=-1", "after=x",
        "after=9999999999999999999", "limit=1&after=1&limit=1", "sort=name", "limit=1&&after=2", "="}) {
    CAPTURE(query);
    CHECK(refused(list(query)).starts_with("400 "));
  }
}

TEST_CASE("api: a page is rendered with the place of the next one, or null") {
  UserPage page{{{1, "Ada"}, {2, "Grace"}}, 2};
  CHECK(reply_to(holdfast::Result<UserPage, Refusal>(page)).body ==
        R"({"users":[{"id":1,"name":"Ada"},{"id":2,"name":"Grace"}],"next":2})");
  CHECK(reply_to(holdfast::Result<UserPage, Refusal>(UserPage{})).body == R"({"users":[],"next":null})");
}

TEST_CASE("api: a registration is answered with 201 and where the user is") {
  const Reply reply = reply_to(holdfast::Result<Registered, Refusal>(Registered{7, "Ada", "ada@example.org"}));
  CHECK(reply.status == 201);
  CHECK(reply.body == R"({"id":7,"username":"Ada","email":"ada@example.org"})");
  REQUIRE(reply.fields.size() == 1);
  CHECK(reply.fields.front().value == "/users/7");
}

TEST_CASE("api: a store failure is 500 without its cause, for the health route 503") {
  const Refusal failed{Denial::failed, "", "store timeout: secret.internal"};
  const Reply reply = reply_to(holdfast::Result<User, Refusal>(failed));
  CHECK(reply.status == 500);
  CHECK(reply.body == R"({"error":"internal error"})");
  CHECK(reply_to(holdfast::Result<Done, Refusal>(failed)).status == 500);
  CHECK(reply_to_health(false).status == 503);
  CHECK(reply_to_health(true).status == 200);
  CHECK(reply_to(holdfast::Result<User, Refusal>(Refusal{Denial::exists, "already exists", ""})).status == 409);
}
