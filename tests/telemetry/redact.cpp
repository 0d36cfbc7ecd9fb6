// Secrets leave texts before anything renders them; names stay.
#include "telemetry/redact.h"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>
#include <type_traits>

#include "telemetry/secret.h"

using namespace holdfast::telemetry;

namespace {

struct Row {
  std::string_view text, expected;
};

const NameSet names({"token", "access_token", "code", "sig", "Password", "secret", "x-api-key"});

std::string query(std::string_view target, std::size_t room = 2048) {
  std::string out(room, '\0');
  const char* end = redact_query(target, names, out.data(), out.size());
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

std::string text(std::string_view in) {
  std::string out;
  redact_json(in, names, out);
  return out;
}

template <class T>
concept Printable = requires(std::ostream& out, T value) { out << value; };

}  // namespace

TEST_CASE("redaction: a secret cannot be printed or turned into text") {
  static_assert(!Printable<Secret>);
  static_assert(!std::is_convertible_v<Secret, std::string_view>);
  const Secret secret("hunter2");
  CHECK(secret.size() == 7);
  CHECK(secret.equals("hunter2"));
  CHECK_FALSE(secret.equals("hunter3"));
  CHECK_FALSE(secret.equals("hunter22"));
}

TEST_CASE("redaction: the values of listed names leave a query, names stay") {
  const std::array table{
      Row{"/users", "/users"},
      Row{"", ""},
      Row{"*", "*"},
      Row{"/a?", "/a?"},
      Row{"/a?b=c", "/a?b=c"},
      Row{"/a?token=x", "/a?token=[redacted]"},
      Row{"/a?token=", "/a?token=[redacted]"},
      Row{"/a?token", "/a?token"},
      Row{"/a?TOKEN=x&b=1", "/a?TOKEN=[redacted]&b=1"},
      Row{"/a?%74oken=x", "/a?%74oken=[redacted]"},
      Row{"/a?t%6Fk%65n=x&y=2", "/a?t%6Fk%65n=[redacted]&y=2"},
      Row{"/a?%54OKEN=x", "/a?%54OKEN=[redacted]"},
      Row{"/a?b=1;token=x", "/a?b=1;token=[redacted]"},
      Row{"/a?token=x;y=secret&z=1", "/a?token=[redacted]&z=1"},  // who splits at & only sends `x;y=secret`
      Row{"/a?b=1&&token=x&", "/a?b=1&&token=[redacted]&"},
      Row{"/a?tokens=x&xtoken=y&token2=z", "/a?tokens=x&xtoken=y&token2=z"},
      Row{"/a?x=/cb?code=1&y=2", "/a?x=/cb?code=[redacted]&y=2"},
      Row{"/a?token=a=b=c&d=e", "/a?token=[redacted]&d=e"},
      Row{"/a?%zz=1&%7=2&token%=3", "/a?%zz=1&%7=2&token%=3"},
      Row{"/token=x/b", "/token=x/b"},
      Row{"/a?x-api-key=1#token=2", "/a?x-api-key=[redacted]"},
      Row{"/a?=x&token=y", "/a?=x&token=[redacted]"},
  };
  for (const Row& row : table) {
    CAPTURE(row.text);
    CHECK(query(row.text) == row.expected);
  }
}

TEST_CASE("redaction: a huge target is cut, and never longer than its room") {
  const std::string huge = "/" + std::string(10'000, 'p') + "?token=x";
  const std::string cut = query(huge);
  CHECK(cut.size() == 2048);
  CHECK(cut.ends_with("p…"));
  for (std::size_t room = 16; room < 64; ++room) {
    const std::string out = query("/path?a=b&token=hunter2&code=hunter2&c=d", room);
    CHECK(out.size() <= room);
    CHECK(out.find("hunter2") == std::string::npos);
  }
  CHECK(query("/a?" + std::string(5000, '%') + "=1").size() <= 2048);
}

TEST_CASE("redaction: whatever stands around a secret in a query, and wherever it is cut, the secret never comes out") {
  std::mt19937 random(11);
  const std::string_view alphabet = "=&;?#%+ab/token";
  for (int round = 0; round < 20'000; ++round) {
    std::string before(random() % 20, ' ');
    for (char& c : before) c = alphabet[random() % alphabet.size()];
    const std::string target = "/a?" + before + "&%74oken=CANARY&plain=1";
    CAPTURE(target);
    REQUIRE(query(target).find("CAN") == std::string::npos);
    REQUIRE(query(target, 16 + random() % 40).find("CAN") == std::string::npos);
  }
  const std::string many = "/a?" + std::string(2040, 'x') + "&token=hunter2";
  for (std::size_t room = 2030; room < 2080; ++room) {
    const std::string out = query(many, room);
    CHECK(out.find("hun") == std::string::npos);
    CHECK(out.size() <= room);
    CHECK(many.substr(0, 2020) == out.substr(0, 2020));
  }
}

TEST_CASE("redaction: listed names lose their values in JSON, forms and messages") {
  const std::array table{
      Row{"", ""},
      Row{"nothing here", "nothing here"},
      Row{R"({"password":"x","user":"ada"})", R"({"password":"[redacted]","user":"ada"})"},
      Row{R"({"PassWord" : "a\"b" , "n":1})", R"({"PassWord" : "[redacted]" , "n":1})"},
      Row{R"({"token":12345,"n":1})", R"({"token":"[redacted]","n":1})"},
      Row{R"({"secret":null})", R"({"secret":"[redacted]"})"},
      Row{R"({"secret":{"a":"}","b":[1]},"n":1})", R"({"secret":"[redacted]","n":1})"},
      Row{R"({"secret":["a","b"],"n":1})", R"({"secret":"[redacted]","n":1})"},
      Row{R"({"pass\u0077ord":"x"})", R"({"pass\u0077ord":"[redacted]"})"},
      Row{R"({"tokens":"x","mytoken":"y"})", R"({"tokens":"x","mytoken":"y"})"},
      Row{R"("{\"password\":\"x\",\"n\":1}")", R"("{\"password\":\"[redacted]\",\"n\":1}")"},
      Row{R"({"error":"password=hunter2 refused"})", R"({"error":"password=[redacted] refused"})"},
      Row{R"({"error":"at\npassword=hunter2"})", R"({"error":"at\npassword=[redacted]"})"},
      Row{R"({"error":"password: hunter2","n":1})", R"({"error":"password: [redacted]","n":1})"},
      Row{R"({'token': 'x', 'n': 1})", R"({'token': '[redacted]', 'n': 1})"},
      Row{"user=ada&password=p%26q&n=1", "user=ada&password=[redacted]&n=1"},
      Row{"pass%77ord=x&n=1", "pass%77ord=[redacted]&n=1"},
      Row{"token = abc, n", "token = [redacted] n"},
      Row{"token: a b c\nnext", "token: [redacted]\nnext"},
      Row{"connect to db.password=x failed", "connect to db.password=[redacted] failed"},
      Row{"WHERE password = 'it''s' AND n", "WHERE password = '[redacted]' AND n"},
      Row{"params['secret'] = 'x';", "params['secret'] = '[redacted]';"},
      Row{":secret=>\"x\"", ":secret=>\"[redacted]\""},
      Row{"the token expired", "the token expired"},
      Row{"token", "token"},
      Row{"token:", "token:"},
      Row{"Authorization: Bearer abc.def-ghi_~+/== next", "Authorization: Bearer [redacted] next"},
      Row{"bearer abc", "bearer [redacted]"},
      Row{"bearer", "bearer"},
      Row{"token=Bearer abc def", "token=[redacted] def"},
      Row{"x-api-key: k1", "x-api-key: [redacted]"},
      Row{R"({"password":"never closed)", R"({"password":"[redacted])"},
      Row{R"({"secret":{"a":"never closed)", R"({"secret":"[redacted]")"},
      Row{R"({"password":"ends in \)", R"({"password":"[redacted])"},
      Row{R"({"token": abc def})", R"({"token": "[redacted]")"},
      Row{R"(\token=abc)", R"(\token=[redacted])"},
  };
  for (const Row& row : table) {
    CAPTURE(row.text);
    CHECK(text(row.text) == row.expected);
  }
}

TEST_CASE("redaction: redacting twice changes nothing more") {
  for (const std::string_view in : {R"({"password":"x"})", "token=abc def", "secret: x y", "Bearer abc"}) {
    CHECK(text(text(in)) == text(in));
  }
}

TEST_CASE("redaction: whatever surrounds it, a quoted value behind a listed key never comes out") {
  std::mt19937 random(7);
  const std::string_view alphabet = "\"'\\{}[]:,= \ntokenpasswordu0%&;<>.-";
  for (int round = 0; round < 20'000; ++round) {
    std::string before(random() % 12, ' ');
    for (char& c : before) c = alphabet[random() % alphabet.size()];
    const std::string out = text(before + "\n\"password\":\"CANARY\"");
    CAPTURE(before);
    REQUIRE(out.find("CANARY") == std::string::npos);
  }
}

TEST_CASE("redaction: a name set knows its names whatever their case, and no others") {
  CHECK(names.contains("password"));
  CHECK_FALSE(names.contains("passwor"));
  CHECK_FALSE(names.contains(""));
  CHECK(NameSet().empty());
  CHECK(query("/a?token=x").find('x') == std::string::npos);
  std::string out;
  redact_json("token=x", NameSet(), out);
  CHECK(out == "token=x");
}
